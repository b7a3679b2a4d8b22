package dev.lockstep.plans.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.testing.PostgresServer;
import org.junit.jupiter.api.Test;

class OwnTablesTest {
    private static final String ALL =
            """
            SELECT string_agg(name, ' ' ORDER BY name)
              FROM (SELECT relname::text FROM pg_class
                     WHERE relnamespace = 'lockstep'::regnamespace AND relkind = 'r'
                    UNION ALL
                    SELECT proname::text FROM pg_proc
                     WHERE pronamespace = 'lockstep'::regnamespace) AS own (name)\
            """;

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

    /// Whoever chose that name first has something in it.
    @Test
    void aSchemaOfSomebodyElsesIsRefusedAndKept() {
        try (Db db = PostgresServer.shared().database();
                Session session = db.session("test")) {
            session.run("CREATE SCHEMA lockstep; CREATE TABLE lockstep.run AS SELECT 1 AS mine");
            assertThatThrownBy(() -> OwnTables.migrate(db))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContaining("non-empty schema");
            OwnTables.leaveJournal(session);
            assertThat(session.one("SELECT mine FROM lockstep.run")).isEqualTo("1");
        }
    }

    @Test
    void whatSomebodyElseHasInTheSchemaStays() {
        try (Db db = PostgresServer.shared().database();
                Session session = db.session("test")) {
            OwnTables.migrate(db);
            session.run("CREATE TABLE lockstep.theirs (id int)");
            OwnTables.remove(session);
            assertThat(session.one(ALL)).isEqualTo("theirs");
            session.run("DROP SCHEMA lockstep CASCADE");
            OwnTables.migrate(db);
            OwnTables.remove(session);
            assertThat(session.flag("SELECT to_regnamespace('lockstep') IS NULL")).isTrue();
        }
    }

    @Test
    void theJournalOutlastsTheOthersAndIsThereWhenTheyComeBack() {
        try (Db db = PostgresServer.shared().database();
                Session session = db.session("test")) {
            OwnTables.migrate(db);
            String all = session.one(ALL);
            session.run(
                    "INSERT INTO lockstep.journal VALUES ('r', 1, now(), 3, 'Started', '{}');"
                            + " INSERT INTO lockstep.run VALUES ('r', 'a to b')");
            OwnTables.leaveJournal(session);
            assertThat(session.one(ALL)).isEqualTo("journal run");
            assertThat(OwnTables.exist(session)).isFalse();
            assertThat(OwnTables.haveJournal(session)).isTrue();
            OwnTables.leaveJournal(session);
            OwnTables.migrate(db);
            assertThat(session.one(ALL)).isEqualTo(all);
            assertThat(session.one("SELECT epoch FROM lockstep.journal")).isEqualTo("3");
            assertThat(session.one("SELECT fingerprint FROM lockstep.run")).isEqualTo("a to b");
        }
    }
}
