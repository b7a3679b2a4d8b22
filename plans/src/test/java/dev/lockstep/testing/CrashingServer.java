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
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/// A server of a test's own that goes down as when its machine does, and comes up again on its data
/// and its port.
public final class CrashingServer implements AutoCloseable {
    private final Path data;
    private final int port = freePort();
    private final Map<String, String> settings;
    private EmbeddedPostgres server;

    private CrashingServer(Path data, Map<String, String> settings) {
        this.data = data;
        this.settings = new HashMap<>(settings);
        this.settings.putIfAbsent("synchronous_commit", "on");
        this.server = boot();
    }

    /// Makes and starts a server on `data`, a folder that does not exist yet.
    public static CrashingServer start(Path data) {
        return start(data, Map.of());
    }

    /// As above, with settings of its own.
    public static CrashingServer start(Path data, Map<String, String> settings) {
        return new CrashingServer(data, settings);
    }

    /// Makes a replica of this server, with its slots as they are now, and starts both.
    ///
    /// @param copy a folder that does not exist yet
    public CrashingServer replica(Path copy) {
        close();
        try (Stream<Path> files = Files.walk(data)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(
                        file,
                        copy.resolve(data.relativize(file)),
                        StandardCopyOption.COPY_ATTRIBUTES);
            }
            Files.createFile(copy.resolve("standby.signal"));
            Files.writeString(
                    copy.resolve("postgresql.auto.conf"),
                    "primary_conninfo = 'host=localhost port=%d user=postgres'%n".formatted(port));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        startAgain();
        return new CrashingServer(copy, settings);
    }

    /// Has a replica take writes, and waits until it does.
    public void promote() {
        try (Db admin = open("postgres");
                var session = admin.session("promote")) {
            session.one("SELECT pg_promote()");
        }
    }

    public int port() {
        return port;
    }

    private EmbeddedPostgres boot() {
        try {
            return PostgresServer.configured(settings, EmbeddedPostgres.builder())
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

    /// An existing database, as the superuser.
    public Db open(String name) {
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
