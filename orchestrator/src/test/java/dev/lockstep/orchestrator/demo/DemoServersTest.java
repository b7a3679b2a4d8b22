package dev.lockstep.orchestrator.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.nio.file.Path;
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
            }
        }
        assertThat(folder).doesNotExist();
    }

    private static String setting(Db db, String name) {
        try (Session session = db.session("test")) {
            return session.one("SELECT current_setting(?)", name);
        }
    }
}
