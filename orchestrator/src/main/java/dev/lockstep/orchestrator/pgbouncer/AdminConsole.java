package dev.lockstep.orchestrator.pgbouncer;

import dev.lockstep.orchestrator.pgbouncer.Wire.Message;
import dev.lockstep.plans.gate.GateSpec;
import java.io.Closeable;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/// The admin console of a PgBouncer. It takes simple queries only, and refuses the settings that
/// PostgreSQL's driver makes when it connects.
final class AdminConsole implements Closeable {
    private static final int VERSION = 196_608;
    private static final int SSL = 80_877_103;
    private static final int OK = 0;
    private static final int PLAIN = 3;
    private static final int MD5 = 5;
    private static final int SASL = 10;
    private static final int SASL_GOES_ON = 11;
    private static final int SASL_ENDS = 12;

    private final Wire wire;
    private final GateSpec.Console to;

    /// What the console refuses, in its own words.
    static final class Refused extends IOException {
        private static final long serialVersionUID = 1;

        Refused(String text) {
            super(text);
        }
    }

    /// No answer came while there was time; what was asked for may yet be done.
    static final class Unanswered extends IOException {
        private static final long serialVersionUID = 1;

        Unanswered(String text, Throwable cause) {
            super(text, cause);
        }
    }

    private AdminConsole(Wire wire, GateSpec.Console to) {
        this.wire = wire;
        this.to = to;
    }

    static AdminConsole open(GateSpec.Console to, Duration atMost) throws IOException {
        AdminConsole console = new AdminConsole(Wire.connect(to.host(), to.port(), atMost), to);
        try {
            console.encryptIfOffered();
            console.login();
            return console;
        } catch (IOException e) {
            console.close();
            throw e;
        }
    }

    /// As the clients of PostgreSQL do by default: encrypted where possible, without asking who the
    /// other side is.
    private void encryptIfOffered() throws IOException {
        wire.send((char) 0, ByteBuffer.allocate(4).putInt(SSL).array());
        if (wire.single(wire.deadline()) != 'S') {
            return;
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new Trusting()}, null);
            Socket plain = wire.socket();
            SSLSocket secure =
                    (SSLSocket)
                            context.getSocketFactory()
                                    .createSocket(plain, to.host(), to.port(), true);
            secure.startHandshake();
            wire.over(secure);
        } catch (GeneralSecurityException e) {
            throw new IOException("no encryption to be had", e);
        }
    }

    private static final class Trusting implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    private void login() throws IOException {
        byte[] who = Wire.texts("user", to.user(), "database", "pgbouncer", "");
        wire.send((char) 0, ByteBuffer.allocate(4 + who.length).putInt(VERSION).put(who).array());
        String password = to.password().reveal();
        Scram scram = new Scram(password);
        for (Message said = read(wire.deadline());
                said.type() != 'Z';
                said = read(wire.deadline())) {
            if (said.type() == 'R') {
                answer(said, scram, password);
            }
        }
    }

    private void answer(Message asked, Scram scram, String password) throws IOException {
        int how = asked.body().getInt();
        switch (how) {
            case OK -> {}
            case PLAIN -> wire.send('p', Wire.texts(password));
            case MD5 -> {
                byte[] salt = new byte[4];
                asked.body().get(salt);
                wire.send('p', Wire.texts(Scram.md5(to.user(), password, salt)));
            }
            case SASL -> {
                byte[] name = Wire.texts(Scram.NAME);
                byte[] first = scram.clientFirst().getBytes(StandardCharsets.UTF_8);
                wire.send(
                        'p',
                        ByteBuffer.allocate(name.length + 4 + first.length)
                                .put(name)
                                .putInt(first.length)
                                .put(first)
                                .array());
            }
            case SASL_GOES_ON ->
                    wire.send(
                            'p', scram.clientFinal(asked.rest()).getBytes(StandardCharsets.UTF_8));
            case SASL_ENDS -> scram.check(asked.rest());
            default -> throw new IOException("it wants a login of kind " + how);
        }
    }

    /// Performs a command, and gives the rows that it answers with, by the names of their columns.
    List<Map<String, String>> ask(String command, Duration atMost) throws IOException {
        long until = System.nanoTime() + atMost.toNanos();
        wire.send('Q', Wire.texts(command));
        List<String> columns = List.of();
        List<Map<String, String>> rows = new ArrayList<>();
        String refusal = "";
        while (true) {
            Message said = readAny(until);
            switch (said.type()) {
                case 'T' -> columns = columns(said);
                case 'D' -> rows.add(row(said, columns));
                case 'E' -> refusal = error(said);
                case 'Z' -> {
                    if (!refusal.isEmpty()) {
                        throw new Refused(refusal);
                    }
                    return rows;
                }
                default -> {}
            }
        }
    }

    private Message read(long until) throws IOException {
        Message said = readAny(until);
        if (said.type() == 'E') {
            throw new Refused(error(said));
        }
        return said;
    }

    private Message readAny(long until) throws IOException {
        try {
            return wire.read(until);
        } catch (SocketTimeoutException e) {
            throw new Unanswered("no answer in time", e);
        }
    }

    private static List<String> columns(Message said) {
        List<String> columns = new ArrayList<>();
        int count = said.body().getShort();
        for (int i = 0; i < count; i++) {
            columns.add(said.text());
            said.body().position(said.body().position() + 18);
        }
        return columns;
    }

    /// Without the columns that are NULL.
    private static Map<String, String> row(Message said, List<String> columns) {
        Map<String, String> row = new LinkedHashMap<>();
        int count = said.body().getShort();
        for (int i = 0; i < count; i++) {
            int length = said.body().getInt();
            if (length >= 0) {
                row.put(columns.get(i), said.text(length));
            }
        }
        return row;
    }

    private static String error(Message said) {
        String text = "an error without a text";
        for (int field = said.body().get(); field != 0; field = said.body().get()) {
            String value = said.text();
            text = field == 'M' ? value : text;
        }
        return text;
    }

    @Override
    public void close() throws IOException {
        wire.close();
    }
}
