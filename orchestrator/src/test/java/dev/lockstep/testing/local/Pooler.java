package dev.lockstep.testing.local;

import dev.lockstep.plans.sql.Endpoint;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/// A PgBouncer of this machine's, with one database `front` and an admin console.
public final class Pooler implements AutoCloseable {
    /// Why tests with one are skipped.
    public static final String MISSING = "no pgbouncer is installed, and it cannot be installed";

    private static final String CONFIG =
            """
            ;; a comment with front = host=nowhere
            [databases]
            other = host=127.0.0.1 port=1
            front = %s
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = %d
            unix_socket_dir =
            auth_type = %s
            auth_file = %s
            admin_users = admin
            stats_users = watcher
            pool_mode = %s
            default_pool_size = 10
            ignore_startup_parameters = extra_float_digits
            server_login_retry = 1
            logfile = %s
            """;
    private static final String USERS =
            "\"admin\" \"secret\"\n\"watcher\" \"secret\"\n\"postgres\" \"postgres\"\n";

    private final Path config;
    private final int port;
    private Process process;

    private Pooler(Path config, int port) {
        this.config = config;
        this.port = port;
        this.process = start();
    }

    private static final class Installed {
        static final Optional<String> PROGRAM = find().or(Installed::install);

        private static Optional<String> find() {
            String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/usr/local/sbin";
            return Stream.of(path.split(File.pathSeparator, -1))
                    .map(folder -> Path.of(folder, "pgbouncer"))
                    .filter(Files::isExecutable)
                    .map(Path::toString)
                    .findFirst();
        }

        /// As root on Debian and its like, tests may.
        private static Optional<String> install() {
            if (!"root".equals(System.getProperty("user.name"))
                    || !Files.isExecutable(Path.of("/usr/bin/apt-get"))) {
                return Optional.empty();
            }
            try {
                ProcessBuilder builder =
                        new ProcessBuilder(
                                "apt-get", "install", "-y", "--no-install-recommends", "pgbouncer");
                builder.environment().put("DEBIAN_FRONTEND", "noninteractive");
                builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
                Process process = builder.start();
                if (!process.waitFor(2, TimeUnit.MINUTES)) {
                    process.destroy();
                }
                return find();
            } catch (IOException e) {
                return Optional.empty();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Optional.empty();
            }
        }
    }

    /// Whether there is a program to start.
    public static boolean isInstalled() {
        return Installed.PROGRAM.isPresent();
    }

    /// How a PgBouncer of a test's differs from others.
    ///
    /// @param login its auth_type
    /// @param mode its pool_mode
    public record Kind(String login, String mode) {
        public static final Kind USUAL = new Kind("scram-sha-256", "transaction");
    }

    /// One that leads to `database`, with its files in a new folder below `folder`.
    public static Pooler to(Path folder, Endpoint database) {
        return to(folder, database, Kind.USUAL);
    }

    public static Pooler to(Path folder, Endpoint database, Kind kind) {
        String entry =
                "host=%s  port='%d' dbname=%s pool_size=8"
                        .formatted(database.host(), database.port(), database.database());
        try {
            // It runs as another user than root, who must come to its files.
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            Path own = Files.createTempDirectory(folder, "pgbouncer");
            Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwxrwxrwx"));
            int port = freePort();
            Path users = Files.writeString(own.resolve("users.txt"), USERS);
            Path config = own.resolve("pgbouncer.ini");
            Files.writeString(
                    config,
                    CONFIG.formatted(
                            entry, port, kind.login(), users, kind.mode(), own.resolve("log")));
            return new Pooler(config, port);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private Process start() {
        try {
            ProcessBuilder builder = new ProcessBuilder(Installed.PROGRAM.orElseThrow());
            if ("root".equals(System.getProperty("user.name"))) {
                builder.command().add("-u");
                builder.command().add("nobody");
            }
            builder.command().add(config.toString());
            Process started =
                    builder.redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            Runtime.getRuntime().addShutdownHook(new Thread(started::destroyForcibly));
            awaitPort(started);
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitPort(Process started) throws IOException {
        while (true) {
            try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return;
            } catch (IOException e) {
                if (!started.isAlive()) {
                    throw e;
                }
                LockSupport.parkNanos(20_000_000);
            }
        }
    }

    public int port() {
        return port;
    }

    public Path config() {
        return config;
    }

    /// The gate of a plan, in one line.
    public String gate(String more) {
        return ("{ console: \"127.0.0.1:%d\", user: admin, password: secret, config: \"%s\","
                        + " database: front%s }")
                .formatted(port, config, more);
    }

    /// A client's connection.
    public Connection connect(String name) throws SQLException {
        return connect("front", "postgres", "postgres", name);
    }

    private Connection connect(String database, String user, String password, String name)
            throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.setProperty("ApplicationName", name);
        properties.setProperty("assumeMinServerVersion", "14");
        properties.setProperty("prepareThreshold", "0");
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:%d/%s".formatted(port, database), properties);
    }

    /// Where clients end up, as the name of the database.
    public String leadsTo() {
        try (Connection client = connect("where");
                ResultSet row =
                        client.createStatement().executeQuery("SELECT current_database()")) {
            row.next();
            return row.getString(1);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    /// Stops it, without a word.
    public void stop() {
        process.destroyForcibly().onExit().join();
    }

    /// Starts it again.
    public void startAgain() {
        process = start();
    }

    /// Has it stand still, or go on.
    public void signal(String signal) {
        try {
            new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                    .start()
                    .onExit()
                    .join();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        stop();
    }
}
