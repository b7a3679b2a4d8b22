package dev.lockstep.orchestrator.gate;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A way to the console of a PgBouncer on which a PAUSE stays until it is let through, even when
/// its sender has hung up.
final class LatePause implements AutoCloseable {
    private static final int BUFFER = 1 << 16;

    private final ServerSocket listening;
    private final int console;
    private final List<Socket> open = new CopyOnWriteArrayList<>();
    private final CountDownLatch letThrough = new CountDownLatch(1);
    private final CountDownLatch answered = new CountDownLatch(1);

    LatePause(int console) {
        this.console = console;
        try {
            this.listening = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return listening.getLocalPort();
    }

    /// Lets it through, and waits until it is done.
    void arrive() throws InterruptedException {
        letThrough.countDown();
        if (!answered.await(10, TimeUnit.SECONDS)) {
            throw new AssertionError("no PAUSE was answered");
        }
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket client = listening.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), console);
                open.addAll(List.of(client, server));
                Thread.ofVirtual().start(() -> carry(client, server, true));
                Thread.ofVirtual().start(() -> carry(server, client, false));
            } catch (IOException e) {
                // It is being closed.
            }
        }
    }

    private void carry(Socket from, Socket to, boolean asking) {
        byte[] buffer = new byte[BUFFER];
        boolean paused = false;
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                String text = new String(buffer, 0, read, StandardCharsets.ISO_8859_1);
                paused = text.contains("PAUSE");
                if (paused && asking) {
                    letThrough.await();
                } else if (paused) {
                    answered.countDown();
                }
                out.write(buffer, 0, read);
            }
            if (asking && !paused) {
                to.shutdownOutput();
            }
        } catch (IOException e) {
            // One end is gone.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
