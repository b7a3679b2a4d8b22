package dev.lockstep.orchestrator.pgbouncer;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// PostgreSQL's messages over a socket, each read in a time that has an end.
final class Wire implements Closeable {
    private static final int LENGTH_MAX = 1 << 24;

    private final long deadline;
    private Socket socket;
    private DataInputStream in;

    /// What the other side sent.
    record Message(char type, ByteBuffer body) {
        /// The text up to the next zero byte.
        String text() {
            int length = 0;
            while (body.get(body.position() + length) != 0) {
                length++;
            }
            String text = text(length);
            body.get();
            return text;
        }

        /// The rest, as text.
        String rest() {
            return text(body.remaining());
        }

        String text(int length) {
            byte[] bytes = new byte[length];
            body.get(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    private Wire(Socket socket, long deadline) throws IOException {
        this.deadline = deadline;
        this.socket = socket;
        this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    }

    static Wire connect(String host, int port, Duration atMost) throws IOException {
        long deadline = System.nanoTime() + atMost.toNanos();
        Socket socket = new Socket();
        try {
            socket.setTcpNoDelay(true);
            socket.setKeepAlive(true);
            InetSocketAddress address = found(host, port, atMost);
            socket.connect(address, millis(Duration.ofNanos(deadline - System.nanoTime())));
            return new Wire(socket, deadline);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /// A system may seek a name for as long as it likes.
    private static InetSocketAddress found(String host, int port, Duration atMost)
            throws IOException {
        CompletableFuture<InetSocketAddress> address = new CompletableFuture<>();
        Thread.ofVirtual()
                .name("name of " + host)
                .start(() -> address.complete(new InetSocketAddress(host, port)));
        try {
            return address.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new IOException("host \"%s\" was not found in time".formatted(host), e);
        } catch (ExecutionException e) {
            throw new IOException("host \"%s\" cannot be sought".formatted(host), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /// Speaks over `other` from here on, such as an encrypted one.
    void over(Socket other) throws IOException {
        socket = other;
        in = new DataInputStream(new BufferedInputStream(other.getInputStream()));
    }

    Socket socket() {
        return socket;
    }

    /// When what connects has to be done, as `System.nanoTime` counts.
    long deadline() {
        return deadline;
    }

    /// @param type 0 for a message that has none
    void send(char type, byte[] body) throws IOException {
        ByteBuffer message = ByteBuffer.allocate(body.length + 5);
        if (type != 0) {
            message.put((byte) type);
        }
        message.putInt(body.length + 4).put(body).flip();
        OutputStream out = socket.getOutputStream();
        out.write(message.array(), 0, message.limit());
        out.flush();
    }

    /// Texts, each with a zero byte behind it.
    static byte[] texts(String... texts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (String text : texts) {
            bytes.writeBytes(text.getBytes(StandardCharsets.UTF_8));
            bytes.write(0);
        }
        return bytes.toByteArray();
    }

    /// One byte outside of any message.
    char single(long until) throws IOException {
        limit(until);
        return (char) in.readUnsignedByte();
    }

    Message read(long until) throws IOException {
        char type = single(until);
        int length = in.readInt() - 4;
        if (length < 0 || length > LENGTH_MAX) {
            throw new IOException("what answers does not speak PostgreSQL's protocol");
        }
        byte[] body = new byte[length];
        limit(until);
        in.readFully(body);
        return new Message(type, ByteBuffer.wrap(body));
    }

    private void limit(long until) throws IOException {
        long left = until - System.nanoTime();
        if (left <= 0) {
            throw new SocketTimeoutException("no answer in time");
        }
        socket.setSoTimeout(millis(Duration.ofNanos(left)));
    }

    private static int millis(Duration time) {
        return Math.clamp(time.toMillis(), 1, Integer.MAX_VALUE);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
