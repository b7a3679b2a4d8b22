package dev.lockstep.orchestrator.demo;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Secret;
import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import io.zonky.test.db.postgres.embedded.PgBinaryResolver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Two PostgreSQL servers in one temporary folder, which is gone when they are: on close, and when
/// the process is interrupted.
public final class DemoServers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DemoServers.class);
    private static final int REMOVALS_MAX = 10;
    private static final Duration START_MAX = Duration.ofSeconds(60);
    private static final String USER = "postgres";

    private final Path folder;
    private final List<EmbeddedPostgres> running = new ArrayList<>();
    private final Thread atExit = new Thread(this::stop, "demo-servers-stop");
    private boolean stopped;

    private DemoServers(Path folder) {
        this.folder = folder;
    }

    /// Starts both, at the same time.
    public static DemoServers start() {
        try {
            DemoServers servers = new DemoServers(Files.createTempDirectory("lockstep-demo-"));
            Runtime.getRuntime().addShutdownHook(servers.atExit);
            servers.startBoth();
            return servers;
        } catch (IOException e) {
            throw failed(e);
        }
    }

    public Endpoint source() {
        return endpoint(0);
    }

    public Endpoint target() {
        return endpoint(1);
    }

    /// Where the servers live, and room for whatever else the demo keeps.
    public Path folder() {
        return folder;
    }

    private synchronized Endpoint endpoint(int index) {
        String url =
                "jdbc:postgresql://localhost:%d/postgres".formatted(running.get(index).getPort());
        return new Endpoint(url, USER, new Secret(USER));
    }

    /// Under the lock, so that an interrupted process stops what is being started, too.
    private synchronized void startBoth() {
        // A resolver of our own: the library remembers per resolver where it unpacked the binaries,
        // and this folder goes away.
        PgBinaryResolver binaries = new OwnBinaries();
        List<Future<EmbeddedPostgres>> launches;
        try (var starters = Executors.newVirtualThreadPerTaskExecutor()) {
            launches =
                    Stream.of("source", "target")
                            .map(name -> starters.submit(() -> launch(name, binaries)))
                            .toList();
        }
        List<Throwable> failures = new ArrayList<>();
        for (Future<EmbeddedPostgres> launch : launches) {
            if (launch.state() == Future.State.SUCCESS) {
                running.add(launch.resultNow());
            } else {
                failures.add(launch.exceptionNow());
            }
        }
        if (!failures.isEmpty()) {
            close();
            throw failed(failures.getFirst());
        }
    }

    private EmbeddedPostgres launch(String name, PgBinaryResolver binaries) throws IOException {
        Redirect log = Redirect.appendTo(folder.resolve(name + ".log").toFile());
        return EmbeddedPostgres.builder()
                .setPgBinaryResolver(binaries)
                .setOverrideWorkingDirectory(folder.toFile())
                .setDataDirectory(folder.resolve(name))
                .setRegisterShutdownHook(false)
                .setPGStartupWait(START_MAX)
                .setErrorRedirector(log)
                .setOutputRedirector(log)
                .setLocaleConfig("locale-provider", "builtin")
                .setLocaleConfig("builtin-locale", "C.UTF-8")
                .setLocaleConfig("locale", "C")
                .setServerConfig("wal_level", "logical")
                .setServerConfig("max_replication_slots", "10")
                .setServerConfig("max_wal_senders", "10")
                .setServerConfig("max_connections", "60")
                .setServerConfig("shared_buffers", "128MB")
                .setServerConfig("max_wal_size", "2GB")
                // The library's own defaults trade durability for speed.
                .setServerConfig("fsync", "on")
                .setServerConfig("synchronous_commit", "on")
                .start();
    }

    private static LockstepException failed(Throwable cause) {
        return new LockstepException(
                Fault.FILE_FAILED,
                "cannot start a PostgreSQL server for the demo below \"%s\": %s; check that the"
                                .formatted(System.getProperty("java.io.tmpdir"), cause.getMessage())
                        + " folder is writable and has 2 GB free",
                cause);
    }

    @Override
    public void close() {
        stop();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException _) {
            // The process is ending already, and the hook finds nothing left to do.
        }
    }

    private synchronized void stop() {
        if (stopped) {
            return;
        }
        stopped = true;
        try (var stoppers = Executors.newVirtualThreadPerTaskExecutor()) {
            running.forEach(server -> stoppers.execute(() -> stop(server)));
        }
        remove();
    }

    /// Nothing of the data is wanted any more, so a server that still waits for somebody after the
    /// polite request is told to drop everything; only `SIGKILL` would leave shared memory behind.
    private static void stop(EmbeddedPostgres server) {
        try {
            server.close();
            Process postmaster = server.getProcess();
            if (postmaster.isAlive()) {
                new ProcessBuilder("kill", "-QUIT", Long.toString(postmaster.pid())).start();
                postmaster.waitFor(5, TimeUnit.SECONDS);
            }
        } catch (IOException e) {
            server.getProcess().destroyForcibly();
        } catch (InterruptedException e) {
            server.getProcess().destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /// A last process of a server may still take its own files away while we do.
    private void remove() {
        List<Exception> failures = new ArrayList<>();
        while (Files.exists(folder) && failures.size() < REMOVALS_MAX) {
            try (Stream<Path> paths = Files.walk(folder)) {
                for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(path);
                }
            } catch (IOException | UncheckedIOException e) {
                failures.add(e);
            }
        }
        if (Files.exists(folder)) {
            LOG.warn("cannot remove {}", folder, failures.getLast());
        }
    }

    private static final class OwnBinaries implements PgBinaryResolver {
        @Override
        public java.io.InputStream getPgBinary(String system, String machine) throws IOException {
            return DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(system, machine);
        }
    }
}
