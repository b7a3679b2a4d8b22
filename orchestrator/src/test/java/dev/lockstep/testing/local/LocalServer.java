package dev.lockstep.testing.local;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Secret;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/// A server of the newest PostgreSQL below `/usr/lib/postgresql`, in a folder of its own. Started
/// once per JVM; stopped and removed with it. PostgreSQL refuses to run as root, so root runs it as
/// `postgres`.
public final class LocalServer {
    private static final AtomicInteger DATABASES = new AtomicInteger();
    private static final Path INSTALLED = Path.of("/usr/lib/postgresql");

    private final Path bin;
    private final Path folder;
    private final int port;

    private LocalServer(Path bin, Path folder, int port) {
        this.bin = bin;
        this.folder = folder;
        this.port = port;
    }

    private static final class Shared {
        static final Optional<LocalServer> INSTANCE = newest().map(LocalServer::start);
    }

    /// The server, or nothing where none is installed.
    public static Optional<LocalServer> find() {
        return Shared.INSTANCE;
    }

    /// The folder of its programs.
    public Path bin() {
        return bin;
    }

    /// A new, empty database; the superuser's.
    public Db database() {
        String name = "local_" + DATABASES.incrementAndGet();
        try (Db admin = open("postgres");
                var session = admin.session("create")) {
            session.run("CREATE DATABASE " + name);
        }
        return open(name);
    }

    private Db open(String database) {
        String url = "jdbc:postgresql://127.0.0.1:%d/%s".formatted(port, database);
        return Db.of(new Endpoint(url, "postgres", new Secret("postgres")), "test");
    }

    /// Runs one of its programs and returns what it printed.
    public String run(String program, String... arguments) {
        List<String> command = new ArrayList<>(List.of(bin.resolve(program).toString()));
        command.addAll(List.of(arguments));
        return execute(folder, command);
    }

    private static Optional<Path> newest() {
        if (!Files.isDirectory(INSTALLED)) {
            return Optional.empty();
        }
        try (Stream<Path> versions = Files.list(INSTALLED)) {
            return versions.filter(v -> v.getFileName().toString().matches("\\d+"))
                    .sorted(Comparator.comparingInt(LocalServer::major).reversed())
                    .map(v -> v.resolve("bin"))
                    .filter(v -> Files.isExecutable(v.resolve("initdb")))
                    .findFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int major(Path version) {
        return Integer.parseInt(version.getFileName().toString());
    }

    private static LocalServer start(Path bin) {
        try {
            Path folder = Files.createTempDirectory("lockstep-local");
            if (isRoot()) {
                execute(folder, List.of("chown", "postgres", folder.toString()));
            }
            LocalServer server = new LocalServer(bin, folder, freePort());
            Runtime.getRuntime().addShutdownHook(new Thread(server::stop));
            String data = folder.resolve("data").toString();
            server.asOwner(
                    "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8");
            String options =
                    "-p %d -k %s -c listen_addresses=127.0.0.1 -c wal_level=logical -c fsync=off"
                                    .formatted(server.port, folder)
                            + " -c shared_buffers=32MB -c max_replication_slots=20"
                            + " -c max_wal_senders=20";
            String log = folder.resolve("server.log").toString();
            server.asOwner("pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start");
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void stop() {
        try {
            String data = folder.resolve("data").toString();
            asOwner("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop");
        } finally {
            execute(Path.of("/"), List.of("rm", "-rf", folder.toString()));
        }
    }

    private void asOwner(String program, String... arguments) {
        List<String> command = new ArrayList<>();
        if (isRoot()) {
            command.addAll(List.of("setpriv", "--reuid=postgres", "--regid=postgres"));
            command.addAll(List.of("--init-groups", "--"));
        }
        command.add(bin.resolve(program).toString());
        command.addAll(List.of(arguments));
        execute(folder, command);
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /// The output goes to a file: a started server would keep a pipe open.
    private static String execute(Path folder, List<String> command) {
        try {
            Path output = Files.createTempFile("lockstep-local", ".out");
            try {
                Process process =
                        new ProcessBuilder(command)
                                .directory(folder.toFile())
                                .redirectErrorStream(true)
                                .redirectInput(new File("/dev/null"))
                                .redirectOutput(output.toFile())
                                .start();
                boolean ended = process.waitFor(60, TimeUnit.SECONDS);
                String text = Files.readString(output);
                if (!ended || process.exitValue() != 0) {
                    process.destroyForcibly();
                    throw new AssertionError(command + " failed: " + text);
                }
                return text;
            } finally {
                Files.delete(output);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted: " + command, e);
        }
    }
}
