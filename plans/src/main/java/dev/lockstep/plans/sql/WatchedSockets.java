package dev.lockstep.plans.sql;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.SocketFactory;

/// Makes the driver's sockets, each of which knows since when somebody waits on it.
public final class WatchedSockets extends SocketFactory {
    private static final Map<String, Line> LINES = new ConcurrentHashMap<>();
    private static final AtomicLong NUMBERS = new AtomicLong();

    private final String line;

    /// The driver makes a factory for each connection.
    ///
    /// @param line the connection's, as [#open] gave it
    public WatchedSockets(String line) {
        this.line = line;
    }

    /// A connection to be, which the driver is told of by its name.
    static Line open() {
        Line line = new Line(Long.toString(NUMBERS.incrementAndGet()));
        LINES.put(line.name, line);
        return line;
    }

    /// The sockets of one connection: the driver may try several ways to connect.
    static final class Line {
        private final String name;
        private final Set<Watched> sockets = ConcurrentHashMap.newKeySet();
        private volatile int backend;
        private volatile String server = "";

        private Line(String name) {
            this.name = name;
        }

        String name() {
            return name;
        }

        /// The server's process that serves this connection; 0 while it is being opened.
        int backend() {
            return backend;
        }

        /// What tells the server from others.
        String server() {
            return server;
        }

        void servedBy(int pid, String of) {
            server = of;
            backend = pid;
        }

        /// Since when the connection waits in one call for the server to give or to take bytes, as
        /// `System.nanoTime()`; empty where it does not.
        OptionalLong waitingSince() {
            return sockets.stream().mapToLong(socket -> socket.since).filter(t -> t != 0).min();
        }

        boolean isClosed() {
            return !LINES.containsKey(name);
        }

        /// Lets the connection go unwatched.
        void forget() {
            LINES.remove(name);
        }

        /// Ends whatever waits on the connection, at once.
        void cut() {
            forget();
            for (Watched socket : sockets) {
                try {
                    socket.close();
                } catch (IOException e) {
                    // It was on its way to be closed.
                }
            }
        }

        private void left(Watched socket) {
            sockets.remove(socket);
            if (sockets.isEmpty() && backend != 0) {
                LINES.remove(name);
            }
        }
    }

    private static final class Watched extends Socket {
        private final Line line;
        private volatile long since;

        private Watched(Line line) {
            this.line = line;
            line.sockets.add(this);
        }

        private void enter() {
            since = Math.max(1, System.nanoTime());
        }

        @Override
        public InputStream getInputStream() throws IOException {
            return new FilterInputStream(super.getInputStream()) {
                @Override
                public int read() throws IOException {
                    enter();
                    try {
                        return in.read();
                    } finally {
                        since = 0;
                    }
                }

                @Override
                public int read(byte[] bytes, int offset, int length) throws IOException {
                    enter();
                    try {
                        return in.read(bytes, offset, length);
                    } finally {
                        since = 0;
                    }
                }
            };
        }

        @Override
        public OutputStream getOutputStream() throws IOException {
            return new FilterOutputStream(super.getOutputStream()) {
                @Override
                public void write(byte[] bytes, int offset, int length) throws IOException {
                    enter();
                    try {
                        out.write(bytes, offset, length);
                    } finally {
                        since = 0;
                    }
                }
            };
        }

        @Override
        public void close() throws IOException {
            line.left(this);
            super.close();
        }
    }

    @Override
    public Socket createSocket() {
        Line known = LINES.get(line);
        return known == null ? new Socket() : new Watched(known);
    }

    @Override
    public Socket createSocket(String host, int port) {
        throw unasked();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) {
        throw unasked();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
        throw unasked();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) {
        throw unasked();
    }

    private static UnsupportedOperationException unasked() {
        return new UnsupportedOperationException("the driver connects its sockets itself");
    }
}
