package dev.lockstep.testing;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Secret;
import dev.lockstep.plans.sql.Session;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// A PostgreSQL server with logical decoding on, started once per JVM and stopped with it.
public final class PostgresServer {
    private static final int NEWEST = 18;

    /// Its input ends with the JVM, however that ends.
    private static final String REMOVAL =
            """
            trap '' HUP INT TERM
            cat
            kill -INT $(head -n 1 "$1/postmaster.pid")
            for i in $(seq 100); do test -e "$1/postmaster.pid" || break; sleep 0.2; done
            rm -rf "$1"
            """;

    private static final String END_READERS =
            "SELECT pg_terminate_backend(active_pid, 30000) FROM pg_replication_slots"
                    + " WHERE active AND database = ?";

    /// A file system in memory, as Linux has one.
    private static final Path MEMORY = Path.of("/dev/shm");

    /// Several times what the tests of two modules write.
    private static final long ENOUGH_BYTES = 8L << 30;

    private static final AtomicInteger DATABASES = new AtomicInteger();

    private final EmbeddedPostgres server;
    private final Process removal;
    private final Db admin;

    private PostgresServer(EmbeddedPostgres server, Process removal) {
        this.server = server;
        this.removal = removal;
        this.admin = open("postgres");
    }

    private static final class Shared {
        static final PostgresServer INSTANCE = start(Map.of());
        static final Map<Integer, PostgresServer> OLDER = new ConcurrentHashMap<>();
    }

    private static final class Second {
        static final PostgresServer INSTANCE = start(Map.of());
    }

    /// As [#shared()], for tests whose source and target are on a server each.
    public static PostgresServer second() {
        return Second.INSTANCE;
    }

    /// The server that all tests of this JVM share.
    public static PostgresServer shared() {
        return Shared.INSTANCE;
    }

    /// The shared server of a major version, from 14 on.
    public static PostgresServer shared(int major) {
        return major == NEWEST
                ? shared()
                : Shared.OLDER.computeIfAbsent(
                        major,
                        _ ->
                                start(
                                        Map.of(),
                                        EmbeddedPostgres.builder()
                                                .setPgBinaryResolver(
                                                        (_, _) -> OldServers.archive(major))));
    }

    /// A server of its own with the shared one's settings but for this.
    public static PostgresServer start(String walLevel) {
        return start(Map.of("wal_level", walLevel));
    }

    /// A server of its own, for tests that stop it or need other settings than the shared one has.
    public static PostgresServer start(Map<String, String> settings) {
        return start(settings, EmbeddedPostgres.builder());
    }

    private static PostgresServer start(
            Map<String, String> settings, EmbeddedPostgres.Builder builder) {
        try {
            Path data = folder();
            Process removal =
                    new ProcessBuilder("sh", "-c", REMOVAL, "sh", data.toString())
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            EmbeddedPostgres server =
                    configured(settings, builder)
                            .setDataDirectory(data)
                            .setCleanDataDirectory(false)
                            .start();
            PostgresServer started = new PostgresServer(server, removal);
            Runtime.getRuntime().addShutdownHook(new Thread(started::stop));
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A new database is 300 files, and most of what it costs is to make them.
    private static Path folder() throws IOException {
        boolean fits =
                Files.isWritable(MEMORY)
                        && Files.getFileStore(MEMORY).getUsableSpace() > ENOUGH_BYTES;
        return fits
                ? Files.createTempDirectory(MEMORY, "lockstep-postgres")
                : Files.createTempDirectory("lockstep-postgres");
    }

    static EmbeddedPostgres.Builder configured(
            Map<String, String> settings, EmbeddedPostgres.Builder builder) {
        builder.setServerConfig("wal_level", "logical")
                .setServerConfig("max_connections", "200")
                .setServerConfig("max_replication_slots", "100")
                .setServerConfig("max_wal_senders", "100")
                .setServerConfig("fsync", "off")
                .setServerConfig("shared_buffers", "64MB")
                .setServerConfig("max_wal_size", "512MB");
        settings.forEach(builder::setServerConfig);
        return builder;
    }

    /// A new, empty database; the superuser's.
    public Db database() {
        String name = "test_" + DATABASES.incrementAndGet() + "_" + ProcessHandle.current().pid();
        try (Session session = admin.brief("create")) {
            session.run("CREATE DATABASE " + name + strategy(session));
        }
        return open(name);
    }

    /// To write all of a new database to the WAL, too, takes twice as long. The server chooses that
    /// since 15, and knew no other way before.
    private static String strategy(Session session) {
        return session.number("SELECT current_setting('server_version_num')::int") < 150_000
                ? ""
                : " STRATEGY file_copy";
    }

    /// Removes a database of [#database] with its slots, whoever is connected.
    public void drop(Db database) {
        database.close();
        try (Session session = admin.brief("drop")) {
            String name = database.endpoint().database();
            session.rows(END_READERS, row -> row.textAt(1), name);
            session.run("DROP DATABASE IF EXISTS %s WITH (FORCE)".formatted(name));
        }
    }

    /// An existing database, as the superuser.
    public Db open(String database) {
        return Db.of(endpoint(database, "postgres", "postgres"), "test");
    }

    public Endpoint endpoint(String database, String user, String password) {
        return new Endpoint(
                "jdbc:postgresql://localhost:%s/%s".formatted(server.getPort(), database),
                user,
                new Secret(password));
    }

    public int port() {
        return server.getPort();
    }

    /// Stops the server for good. Hundreds of databases take longer to be removed than anybody
    /// waits for.
    public void stop() {
        admin.close();
        try {
            server.close();
            removal.getOutputStream().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
