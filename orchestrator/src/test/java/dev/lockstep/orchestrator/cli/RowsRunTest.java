package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whole runs of tables with rows and names out of the ordinary.
class RowsRunTest {
    private final Pair pair = Pair.create();
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        pair.close();
    }

    private static final List<String> NAMES =
            List.of(
                    "item",
                    "Item",
                    "a_b",
                    "aXb",
                    "100%",
                    "%s",
                    "a.b",
                    "\"",
                    "it's",
                    "back\\slash",
                    "what?",
                    "a,b",
                    "{fn}",
                    "[a-z]*",
                    "größe 数据",
                    "select",
                    "x".repeat(63));

    private static String each(String statement) {
        StringBuilder all = new StringBuilder();
        for (String name : NAMES) {
            String quoted = '"' + name.replace("\"", "\"\"") + '"';
            all.append(statement.replace("N_", quoted)).append(";\n");
        }
        return all.toString();
    }

    private static final String NAMED =
            each(
                    """
                    CREATE SCHEMA N_; CREATE SEQUENCE N_."my seq";
                    CREATE TABLE N_.N_ ("Id" serial PRIMARY KEY, id int UNIQUE, N_ text DEFAULT 'd',
                        "Up" int REFERENCES N_.N_ ("Id"))\
                    """);

    @Test
    void namesOfAllKindsGoThereAndBack() {
        pair.onBoth(NAMED);
        Pair.run(
                pair.source(),
                each("INSERT INTO N_.N_ (id) SELECT i FROM generate_series(1, 50) i"));
        Move move = Move.of(folder, pair);
        try (LiveRun run = LiveRun.inStep(move)) {
            changeAndCompare(move, pair.source(), 1);
            move.told("cutover").done();
            changeAndCompare(move, pair.target(), 2);
            move.told("rollback").done();
            changeAndCompare(move, pair.source(), 3);
            move.told("cutover").done();
            move.told("complete").done();
            run.ended().done();
        }
        each("N_")
                .lines()
                .map(line -> line.replace(";", ""))
                .forEach(name -> {
                    String rows = "SELECT * FROM %1$s.%1$s ORDER BY 1".formatted(name);
                    assertThat(Pair.rows(pair.target(), rows))
                            .isEqualTo(Pair.rows(pair.source(), rows));
                });
        Sides.areLeftClean(pair);
    }

    private static void changeAndCompare(Move move, Db active, int round) {
        Pair.run(
                active,
                each(
                        """
                        INSERT INTO N_.N_ (id, N_, "Up") VALUES (-%1$d, 'new', %1$d);
                        UPDATE N_.N_ SET N_ = N_ || id, id = id + 1000 WHERE id %% 7 = %1$d;
                        UPDATE N_.N_ SET "Id" = "Id" + 1000 WHERE id %% 9 = 5 + %1$d;
                        DELETE FROM N_.N_ WHERE id %% 11 = %1$d AND "Up" IS NULL AND id > 10\
                        """
                                .formatted(round)));
        assertThat(move.told("validate").done()).contains("no difference");
    }

    @Test
    void whatNamesNoRowIsRefusedWithTheRemedy() {
        pair.onBoth(
                """
                CREATE TABLE nullable (a int UNIQUE, b text);
                CREATE TABLE late (a int PRIMARY KEY DEFERRABLE);
                CREATE TABLE computed (
                    a int, b int GENERATED ALWAYS AS (a * 2) STORED, PRIMARY KEY (a, b));
                CREATE TABLE virtual (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL);
                ALTER TABLE virtual REPLICA IDENTITY FULL;
                CREATE TABLE nothing (a int PRIMARY KEY);
                ALTER TABLE nothing REPLICA IDENTITY NOTHING;
                CREATE TABLE empty ();
                """);
        Refusals.ofRun(Move.of(folder, pair), pair.source(), pair.target())
                .refused(
                        4,
                        "PRECONDITION",
                        "\"public.nullable\" has no usable replica identity",
                        "\"public.late\" has no usable replica identity",
                        "\"public.computed\" has no usable replica identity",
                        "ALTER TABLE \"public\".\"computed\" REPLICA IDENTITY FULL",
                        "\"public.virtual\" has no usable replica identity",
                        "REPLICA IDENTITY FULL does not do",
                        "\"public.nothing\" has no usable replica identity",
                        "\"public.empty\" has no columns to be carried");
    }

    /// Where only one side detaches a partition, its rows would be missing in the partitioned table
    /// of the one and not in that of the other.
    @Test
    void aPartitionThatIsDetachedIsCarriedOnceBothSidesHaveDetachedIt() {
        pair.onBoth(
                """
                CREATE TABLE visit (id int PRIMARY KEY) PARTITION BY RANGE (id);
                CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM (0) TO (10);
                CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM (10) TO (20);
                """);
        String detach = "ALTER TABLE visit DETACH PARTITION visit_1";
        String rows = "SELECT id FROM visit_1 ORDER BY id";
        Move move = Move.of(folder, pair);
        try (LiveRun run = LiveRun.inStep(move)) {
            Pair.run(pair.source(), detach + "; INSERT INTO visit_1 VALUES (5)");
            run.ended()
                    .refused(
                            1,
                            "CHANGE_REFUSED",
                            "\"public.visit_1\" of the source is no partition",
                            "\"public.visit_1\" of the target is a partition of \"public.visit\"");
        }
        Pair.run(pair.source(), "INSERT INTO visit_1 VALUES (50)");
        Pair.run(pair.target(), detach);
        try (LiveRun run = LiveRun.inStep(move)) {
            Sides.shows(pair.target(), rows, "(5)", "(50)");
            move.told("cutover").done();
            Pair.run(pair.target(), "INSERT INTO visit_1 VALUES (6)");
            Sides.shows(pair.source(), rows, "(5)", "(6)", "(50)");
            move.told("complete").done();
            run.ended().done();
        }
    }

    @Test
    void preparedTransactionsAreWaitedForAndCarried() {
        PostgresServer server = PostgresServer.start(Map.of("max_prepared_transactions", "5"));
        try (Db source = server.database();
                Db target = server.database()) {
            Pair own = Pair.of(source, target);
            own.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
            Pair.run(source, "BEGIN; INSERT INTO item VALUES (1); PREPARE TRANSACTION 'before'");
            Move move = Move.of(folder, own);
            try (LiveRun run = LiveRun.start(move)) {
                LiveRun.await("the slot waits", () -> !Pair.rows(source, SLOT_WAITS).isEmpty());
                Pair.run(source, "COMMIT PREPARED 'before'");
                run.awaitState("in-step");
                Pair.run(
                        source,
                        """
                        BEGIN; INSERT INTO item VALUES (2); PREPARE TRANSACTION 'during';
                        BEGIN; INSERT INTO item VALUES (3); PREPARE TRANSACTION 'never';
                        INSERT INTO item VALUES (4)\
                        """);
                Sides.shows(target, ITEMS, "(1)", "(4)");
                move.told("cutover").refused(4, "PRECONDITION", "'during'", "'never'");
                Pair.run(source, "COMMIT PREPARED 'during'");
                Pair.run(source, "ROLLBACK PREPARED 'never'");
                Sides.shows(target, ITEMS, "(1)", "(2)", "(4)");
                move.told("cutover").done();
                Pair.run(target, "BEGIN; INSERT INTO item VALUES (5); PREPARE TRANSACTION 'back'");
                move.told("rollback").refused(4, "PRECONDITION", "'back'");
                Pair.run(target, "COMMIT PREPARED 'back'");
                Sides.shows(source, ITEMS, "(1)", "(2)", "(4)", "(5)");
                move.told("complete").done();
                run.ended().done();
            }
        } finally {
            server.stop();
        }
    }

    private static final String ITEMS = "SELECT id FROM item ORDER BY id";
    private static final String SLOT_WAITS =
            """
            SELECT 1 FROM pg_stat_activity
             WHERE query LIKE '%pg_create_logical_replication_slot%' AND wait_event_type = 'Lock'\
            """;
}
