package dev.lockstep.plans.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.PostgresServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.SocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// A URL whose sockets are made in a way of its own (a tunnel, a cloud's connector) keeps it.
class OwnSocketsTest {
    private final Db direct = PostgresServer.shared().database();

    @AfterEach
    void close() {
        direct.close();
    }

    @Test
    void everyKindOfSessionGoesThroughThem() {
        String url = direct.endpoint().url();
        String own =
                url + (url.contains("?") ? "&" : "?") + "socketFactory=" + Counting.class.getName();
        Endpoint endpoint =
                new Endpoint(own, direct.endpoint().user(), direct.endpoint().password());
        try (Db db = Db.of(endpoint, "lockstep")) {
            long one = db.call(session -> session.number("SELECT 1"));
            assertThat(one).isEqualTo(1);
            int before = Counting.MADE.get();
            assertThat(before).isPositive();
            try (Session session = db.session("own")) {
                assertThat(session.number("SELECT 2")).isEqualTo(2);
            }
            try (Session session = db.replicationSession("own")) {
                assertThat(session.one("IDENTIFY_SYSTEM")).isNotEmpty();
            }
            assertThat(Counting.MADE.get()).isEqualTo(before + 2);
        }
    }

    /// Ordinary sockets, counted.
    public static final class Counting extends SocketFactory {
        static final AtomicInteger MADE = new AtomicInteger();

        @Override
        public Socket createSocket() {
            MADE.incrementAndGet();
            return new Socket();
        }

        @Override
        public Socket createSocket(String host, int port) throws IOException {
            throw unasked();
        }

        @Override
        public Socket createSocket(String host, int port, InetAddress local, int localPort)
                throws IOException {
            throw unasked();
        }

        @Override
        public Socket createSocket(InetAddress host, int port) throws IOException {
            throw unasked();
        }

        @Override
        public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
                throws IOException {
            throw unasked();
        }

        private static IOException unasked() {
            return new IOException("the driver connects its sockets itself");
        }
    }
}
