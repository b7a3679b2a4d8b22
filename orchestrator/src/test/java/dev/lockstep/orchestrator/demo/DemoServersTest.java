package dev.lockstep.orchestrator.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DemoServersTest {
    @Test
    void bothServersDecodeLogicallyAndLeaveNoFolderBehind() {
        Path folder;
        try (DemoServers servers = DemoServers.start()) {
            folder = servers.folder();
            assertThat(folder).isDirectory();
            assertThat(servers.source().port()).isNotEqualTo(servers.target().port());
            try (Db source = Db.of(servers.source(), "test");
                    Db target = Db.of(servers.target(), "test")) {
                assertThat(setting(source, "wal_level")).isEqualTo("logical");
                assertThat(setting(target, "wal_level")).isEqualTo("logical");
                assertThat(setting(target, "fsync")).isEqualTo("on");
                assertThat(setting(target, "synchronous_commit")).isEqualTo("on");
            }
        }
        assertThat(folder).doesNotExist();
    }

    @Test
    void aProcessThatIsToldToEndTakesServersAndFolderWithIt() throws Exception {
        Process demo =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                ServersOnly.class.getName())
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        try (BufferedReader lines = demo.inputReader()) {
            Path folder = Path.of(lines.lines().filter(l -> l.startsWith("/")).findFirst().get());
            assertThat(folder).isDirectory();
            String pid = Files.readAllLines(folder.resolve("source/postmaster.pid")).getFirst();

            demo.destroy();

            assertThat(demo.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(folder).doesNotExist();
            // The server gives up its folder a moment before its process ends.
            Optional<ProcessHandle> server = ProcessHandle.of(Long.parseLong(pid));
            if (server.isPresent()) {
                server.get().onExit().get(10, TimeUnit.SECONDS);
            }
        } finally {
            demo.destroy();
        }
    }

    /// What a process of its own runs: starts the servers, says where, and waits for ever.
    static final class ServersOnly {
        private ServersOnly() {}

        public static void main(String[] arguments) throws InterruptedException {
            try (DemoServers servers = DemoServers.start()) {
                System.out.println(servers.folder());
                new CountDownLatch(1).await();
            }
        }
    }

    private static String setting(Db db, String name) {
        try (Session session = db.session("test")) {
            return session.one("SELECT current_setting(?)", name);
        }
    }
}
