package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.orchestrator.kill.HookedRun;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What differs on the standby is copied again, and writes move over differences only where
/// somebody wants that.
class RepairTest {
    private static final String SHOP =
            """
            CREATE TABLE item (
                id int, "Part" text, code int UNIQUE, note text, PRIMARY KEY ("Part", id));
            CREATE TABLE tick (n int, what text);
            ALTER TABLE tick REPLICA IDENTITY FULL;
            CREATE TABLE part (n int PRIMARY KEY, what text) PARTITION BY RANGE (n);
            CREATE TABLE part_low PARTITION OF part FOR VALUES FROM (0) TO (50);
            CREATE TABLE part_high PARTITION OF part DEFAULT;
            """;
    private static final String FILL =
            """
            INSERT INTO item SELECT i, 'p''' || i % 3, i, 'n' || i FROM generate_series(1, 300) i;
            INSERT INTO tick SELECT i % 5, 't' FROM generate_series(1, 50) i;
            INSERT INTO part SELECT i, 'p' FROM generate_series(1, 99) i;
            """;
    private static final String SPOIL =
            """
            SET session_replication_role = replica;
            UPDATE item SET note = 'spoilt' WHERE id IN (5, 7);
            DELETE FROM item WHERE id = 9;
            INSERT INTO item VALUES (1000, 'extra', 1000, NULL);
            UPDATE item SET code = -code WHERE id IN (20, 21);
            UPDATE item SET code = CASE id WHEN 20 THEN 21 ELSE 20 END WHERE id IN (20, 21);
            DELETE FROM tick WHERE ctid = (SELECT min(ctid) FROM tick);
            INSERT INTO tick VALUES (77, 'extra'), (77, 'extra');
            UPDATE part SET what = 'spoilt' WHERE n = 60;
            DELETE FROM part WHERE n = 3;
            """;
    private static final List<String> ALL =
            List.of(
                    "SELECT * FROM item ORDER BY id",
                    "SELECT * FROM tick ORDER BY n, what",
                    "SELECT *, tableoid::regclass FROM part ORDER BY n");

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        pair.close();
    }

    private Move filled() {
        pair.onBoth(SHOP);
        Pair.run(source, FILL);
        return Move.of(folder, pair);
    }

    private void assertEqual() {
        ALL.forEach(rows -> assertThat(Pair.rows(target, rows)).isEqualTo(Pair.rows(source, rows)));
    }

    @Test
    void everyDifferenceIsRepairedBesideARunThatFlows() {
        Move move = filled();
        try (LiveRun run = LiveRun.inStep(move)) {
            Pair.run(target, SPOIL);
            Pair.run(source, "UPDATE item SET note = 'later' WHERE id > 290");
            move.told("validate")
                    .refused(3, "DIFFERENT", "public.item (Part=p'2, id=5) differs in note: 'n5'");
            assertThat(move.told("validate", "--repair").done())
                    .contains("no difference")
                    .contains(
                            "\ncopied again: 6 rows of public.item, 1 row of public.part_high, 1"
                                    + " row of public.part_low, the whole of public.tick");
            assertEqual();
            assertThat(move.told("journal").done())
                    .contains("Repaired", "\"rows\":8")
                    .contains("\"public.item\",\"public.part_high\",\"public.part_low\"")
                    .contains("\"the whole of public.tick\"");
            Pair.run(source, "UPDATE item SET note = 'goes on' WHERE id IN (5, 9, 20)");
            move.told("cutover").done();
            assertEqual();
            Pair.run(
                    source,
                    "SET session_replication_role = replica; DELETE FROM item WHERE id = 30");
            String[] item = {"--table", "public.item", "--repair"};
            assertThat(move.told("validate", item).done())
                    .endsWith("\ncopied again: 1 row of public.item");
            assertThat(move.told("validate", item).done())
                    .endsWith("\nno row differed, so none was copied again");
            assertEqual();
            assertThat(move.told("validate", "--table", "public.part").done())
                    .contains("99 rows of 2 tables");
            move.told("complete").done();
            run.ended().done();
        }
    }

    @Test
    void aFirstVerificationThatFailedIsRepairedToo() {
        Move move = filled();
        HookedRun run = new HookedRun(move.plan(), 0, "abort", new SpoilBeforeVerifying(target));
        assertThatThrownBy(() -> run.work((endpoint, name) -> Db.of(endpoint, name)))
                .hasMessageContaining("differences");
        assertThat(Status.of(move).state()).isEqualTo("failed");
        assertThat(Status.of(move).text()).contains("ALARM").contains("which refuses writes, by");
        move.told("run", "--until", "in-step").refused(3, "DIFFERENT", "differences");

        assertThat(move.told("validate", "--repair").done()).contains("no difference");
        assertThat(Status.of(move).state()).isEqualTo("in-step");
        assertEqual();
        move.told("cutover").done();
        move.told("complete").done();
        assertEqual();
    }

    private record SpoilBeforeVerifying(Db target) implements HookedRun.Hook {
        @Override
        public void reached(String point) {
            if (point.equals("verifying")) {
                Pair.run(target, SPOIL);
            }
        }

        @Override
        public boolean mayEnd() {
            return true;
        }

        @Override
        public void say(String text) {}
    }

    /// What spoils rows as they come keeps them spoilt, and nobody tries for ever.
    @Test
    void whatCannotBeRepairedIsToldAsDifferent() {
        Move move = filled();
        move.told("run", "--until", "in-step").done();
        Pair.run(
                target,
                SPOIL
                        + """
                        CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql
                            AS 'BEGIN new.note := ''spoilt''; RETURN new; END';
                        CREATE TRIGGER spoil BEFORE INSERT ON item
                            FOR EACH ROW WHEN (new.id = 5) EXECUTE FUNCTION spoil();
                        ALTER TABLE item ENABLE ALWAYS TRIGGER spoil;
                        """);
        move.told("validate", "--repair")
                .refused(3, "DIFFERENT", "1 difference between", "id=5", "copied again: 6 rows of");
        Pair.run(
                target,
                "CREATE OR REPLACE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql"
                        + " AS 'BEGIN RAISE ''not %'', new.note; END'");
        Told failed = move.told("validate", "--repair");
        failed.refused(1, "STATEMENT_FAILED", "rows of table \"public.item\"", "[P0001]");
        assertThat(failed.out() + failed.err()).doesNotContain("p'2", "n5");
        Pair.run(target, "DROP TRIGGER spoil ON item");
        move.told("validate", "--repair").done();
        assertEqual();
        move.told("abort").done();
    }

    @Test
    void tablesOfWhichOnlyRowsAreCountedAreCopiedAsAWhole() {
        pair.onBoth(SHOP);
        Pair.run(source, FILL);
        Move move = Move.of(folder, pair, "schema: { copy: none }\nverify: { method: count }");
        move.told("run", "--until", "in-step").done();
        Pair.run(target, SPOIL);
        move.told("validate")
                .refused(3, "DIFFERENT", "public.part_low has 49 rows, on the standby 48");
        move.told("validate", "--repair").done();
        assertThat(Pair.rows(target, ALL.get(1))).isEqualTo(Pair.rows(source, ALL.get(1)));
        move.told("abort").done();
    }

    @Test
    void writesMoveOverDifferencesOnlyWhereSomebodyWantsThat() {
        Move move = filled();
        move.told("run", "--until", "in-step").done();
        Pair.run(target, SPOIL);
        move.told("validate").refused(3, "DIFFERENT", "public.item");
        move.told("cutover").refused(3, "DIFFERENT", "public.item");
        Sides.refuses(target, "DELETE FROM item", source);
        assertThat(move.told("cutover", "--accept-differences").done()).contains("write pause");
        assertThat(move.told("journal").done())
                .contains("DifferencesAccepted", System.getProperty("user.name"));
        move.told("complete").refused(3, "DIFFERENT", "public.item");
        move.told("rollback").refused(3, "DIFFERENT", "public.item");
        assertThat(Status.of(move).state()).isEqualTo("in-step");
        move.told("complete", "--accept-differences").done();
    }
}
