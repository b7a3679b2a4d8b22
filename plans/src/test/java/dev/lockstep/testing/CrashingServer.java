package dev.lockstep.testing;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Secret;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// A server of a test's own that goes down as when its machine does, and comes up again on its data
/// and its port.
public final class CrashingServer implements AutoCloseable {
    private final Path data;
    private final int port = freePort();
    private EmbeddedPostgres server;

    private CrashingServer(Path data) {
        this.data = data;
        this.server = boot();
    }

    /// Makes and starts a server on `data`, a folder that does not exist yet.
    public static CrashingServer start(Path data) {
        return new CrashingServer(data);
    }

    private EmbeddedPostgres boot() {
        try {
            return PostgresServer.configured(
                            Map.of("synchronous_commit", "on"), EmbeddedPostgres.builder())
                    .setDataDirectory(data)
                    .setCleanDataDirectory(false)
                    .setPort(port)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// As the superuser of a database that is made where it is missing.
    public Db database(String name) {
        try (Db admin = open("postgres");
                var session = admin.session("create")) {
            session.run("CREATE DATABASE " + name);
        }
        return open(name);
    }

    private Db open(String name) {
        return Db.of(
                new Endpoint(
                        "jdbc:postgresql://localhost:%s/%s".formatted(port, name),
                        "postgres",
                        new Secret("postgres")),
                "test");
    }

    /// Ends every process of the server at once, as an immediate shutdown does; what is on disk has
    /// to be recovered.
    public void crash() {
        try {
            String postmaster = Files.readAllLines(data.resolve("postmaster.pid")).getFirst();
            ProcessHandle process = ProcessHandle.of(Long.parseLong(postmaster)).orElseThrow();
            new ProcessBuilder("kill", "-QUIT", postmaster).start().waitFor();
            var _ = process.onExit().join();
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    public void startAgain() {
        server = boot();
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
