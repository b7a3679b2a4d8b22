package dev.lockstep.plans.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.PostgresServer;
import org.junit.jupiter.api.Test;

class OwnTablesTest {
    @Test
    void migratingTwiceLeavesOneSchema() {
        try (Db db = PostgresServer.shared().database();
                Session session = db.session("test")) {
            assertThat(OwnTables.exist(session)).isFalse();
            OwnTables.migrate(db);
            OwnTables.migrate(db);
            assertThat(OwnTables.exist(session)).isTrue();
            assertThat(session.number("SELECT count(*) FROM lockstep.journal")).isZero();
        }
    }
}
