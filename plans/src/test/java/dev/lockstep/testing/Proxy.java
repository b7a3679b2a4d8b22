package dev.lockstep.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

/// A network between a client and a PostgreSQL server that fails as it is told to.
public final class Proxy implements AutoCloseable {
    private static final int BUFFER = 64 << 10;

    private final ServerSocket listening;
    private volatile int server;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final AtomicInteger made = new AtomicInteger();
    private final AtomicReference<String> awaited = new AtomicReference<>("");
    private volatile boolean cut;
    private volatile boolean mute;
    private volatile boolean unheard;

    private Proxy(int server) {
        this.server = server;
        try {
            this.listening = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().name("proxy").start(this::accept);
    }

    /// A proxy before the server that listens on `port` of this machine.
    public static Proxy to(int port) {
        return new Proxy(port);
    }

    public int port() {
        return listening.getLocalPort();
    }

    /// Has new connections lead to the server on another port.
    public void leadTo(int port) {
        server = port;
    }

    /// How many connections there are whose application calls itself something with `name` in it.
    public long links(String name) {
        return links.stream().filter(named(name)).count();
    }

    /// Ends the connections whose application's name holds `name`; returns how many.
    public int cut(String name) {
        return (int) links.stream().filter(named(name)).peek(Link::end).count();
    }

    /// Ends every connection, and refuses new ones until [#heal].
    public void cut() {
        refuse();
        cut("");
    }

    /// Refuses new connections until [#heal].
    public void refuse() {
        cut = true;
    }

    /// Carries nothing any more over the present connections with `name` in their application's,
    /// and keeps them open; returns how many.
    public int stall(String name) {
        return (int) links.stream().filter(named(name)).peek(link -> link.mute = true).count();
    }

    /// Carries nothing any more over any connection; new ones are taken and hear nothing either.
    public void stall() {
        mute = true;
        stall("");
    }

    /// Carries nothing to the server any more, and all that the server says.
    public void swallow() {
        unheard = true;
    }

    /// Ends the next connection that sends something with `text` in it as soon as the server has
    /// answered, so that the answer does not arrive.
    public void cutAfterNext(String text) {
        awaited.set(text);
    }

    /// New connections work again; those that were stalled stay so.
    public void heal() {
        cut = false;
        mute = false;
    }

    private static Predicate<Link> named(String name) {
        return link -> link.application.contains(name);
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket client = listening.accept();
                if (cut) {
                    client.close();
                } else {
                    new Link(client).start();
                }
            } catch (IOException e) {
                // Closed, or the server is down: the client hears of it as of a refusal.
            }
        }
    }

    @Override
    public void close() {
        try {
            listening.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cut("");
    }

    private final class Link {
        private final Socket client;
        private final Socket backend;
        private volatile String application = "";
        private volatile boolean mute = Proxy.this.mute;
        private volatile boolean ending;

        private Link(Socket client) throws IOException {
            this.client = client;
            try {
                this.backend = new Socket(InetAddress.getLoopbackAddress(), server);
            } catch (IOException e) {
                client.close();
                throw e;
            }
        }

        private void start() {
            links.add(this);
            if (cut || listening.isClosed()) {
                // It was taken just before that.
                end();
                return;
            }
            String name = "proxy-" + made.incrementAndGet();
            Thread.ofVirtual().name(name + " to").start(() -> pump(client, backend, true));
            Thread.ofVirtual().name(name + " from").start(() -> pump(backend, client, false));
        }

        private void pump(Socket from, Socket to, boolean first) {
            boolean starting = first;
            byte[] buffer = new byte[BUFFER];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    if (starting) {
                        application = application(new String(buffer, 0, n, StandardCharsets.UTF_8));
                        starting = application.isEmpty();
                    }
                    if (first) {
                        look(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
                    } else if (ending) {
                        break;
                    }
                    if (!mute && !(first && unheard)) {
                        out.write(buffer, 0, n);
                    }
                }
            } catch (IOException e) {
                // One end is gone; the other follows.
            }
            if (!mute) {
                end();
            }
        }

        private void look(String sent) {
            String text = awaited.get();
            if (!text.isEmpty() && sent.contains(text) && awaited.compareAndSet(text, "")) {
                ending = true;
            }
        }

        /// The startup message is pairs of names and values, each with a zero byte behind it.
        private static String application(String startup) {
            int at = startup.indexOf("application_name\0");
            if (at < 0) {
                return "";
            }
            int from = at + "application_name\0".length();
            return startup.substring(from, startup.indexOf('\0', from));
        }

        private void end() {
            links.remove(this);
            for (Socket socket : new Socket[] {client, backend}) {
                try {
                    socket.close();
                } catch (IOException e) {
                    // It was on its way to be closed.
                }
            }
        }
    }
}
