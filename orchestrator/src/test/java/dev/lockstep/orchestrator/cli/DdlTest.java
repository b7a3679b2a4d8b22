package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Statements that change tables while a run carries them. Each stops the run by name before a
/// wrong row is written, or is taken over; after the remedy nothing is lost.
@Order(3)
class DdlTest {
    private static final String SHOP =
            """
            CREATE TYPE mood AS ENUM ('low');
            CREATE TABLE item (id int PRIMARY KEY, price numeric(10, 2), note text, mood mood);
            CREATE TABLE visit (at date, what text, PRIMARY KEY (at, what)) PARTITION BY RANGE (at);
            CREATE TABLE visit_1 PARTITION OF visit
                FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
            """;
    private static final String ITEMS = "SELECT * FROM item ORDER BY id";

    private static final String PRICES = "SELECT id, price, note FROM item ORDER BY id";

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    private Move move = new Move("", Path.of(""));
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        pair.close();
    }

    private void start() {
        pair.onBoth(SHOP);
        Pair.run(source, "INSERT INTO item SELECT i, i, 'n', 'low' FROM generate_series(1, 3) i");
        move = Move.of(folder, pair);
        move.told("run", "--until", "in-step").done();
    }

    private LiveRun flowing() {
        LiveRun run = LiveRun.inStep(move);
        LiveRun.await("changes", () -> Status.of(move).json().path("lagMillis").isNumber());
        return run;
    }

    /// Runs `statement` on the source while the run flows; it then stops with a fault of these
    /// texts, and the target holds what it held.
    private void stops(String statement, String fault, String... texts) {
        var before = Pair.rows(target, ITEMS);
        try (LiveRun run = flowing()) {
            Pair.run(source, statement);
            run.ended().refused(1, fault, texts);
        }
        assertThat(Pair.rows(target, ITEMS)).isEqualTo(before);
        assertThat(Status.of(move).json().path("failure").path("fault").asText()).isEqualTo(fault);
    }

    /// With the remedy done the run takes in what was written, and all is equal.
    private void goesOn() {
        try (LiveRun run = flowing()) {
            Pair.run(source, "INSERT INTO item (id, price) VALUES (99, 9.99)");
            assertThat(move.told("validate").done()).contains("no difference");
            move.told("cutover").done();
            Pair.run(target, "UPDATE item SET price = 1.11 WHERE id = 99");
            move.told("complete").done();
            run.ended().done();
        }
        assertThat(Pair.rows(source, ITEMS)).isEqualTo(Pair.rows(target, ITEMS));
    }

    @Test
    void aNewColumn() {
        start();
        stops(
                """
                UPDATE item SET note = 'before' WHERE id = 1;
                ALTER TABLE item ADD stock int DEFAULT 7;
                INSERT INTO item (id, stock) VALUES (4, 1);
                """,
                "CHANGE_REFUSED",
                "column \"stock\" of table \"public.item\" has no counterpart on the target");
        Pair.run(source, "UPDATE item SET stock = 5 WHERE id = 2");
        Pair.run(target, "ALTER TABLE item ADD stock int DEFAULT 7");
        goesOn();
        assertThat(Pair.rows(target, ITEMS))
                .contains("(1,1.00,before,low,7)", "(2,2.00,n,low,5)", "(4,,,,1)");
    }

    @Test
    void aNewColumnThatTheTargetHasAlready() {
        start();
        try (LiveRun run = flowing()) {
            Pair.run(target, "ALTER TABLE item ADD stock int");
            Pair.run(
                    source,
                    """
                    ALTER TABLE item ADD stock int;
                    UPDATE item SET stock = id;
                    """);
            Sides.shows(target, "SELECT stock FROM item ORDER BY id", "(1)", "(2)", "(3)");
            assertThat(run.stop().exit()).isEqualTo(130);
        }
        goesOn();
    }

    @Test
    void aNewNameForAColumn() {
        start();
        stops(
                """
                UPDATE item SET note = 'before' WHERE id = 1;
                ALTER TABLE item RENAME note TO remark;
                UPDATE item SET remark = 'after' WHERE id = 2;
                """,
                "CHANGE_REFUSED",
                "column \"remark\" of table \"public.item\" has no counterpart on the target");
        Pair.run(target, "ALTER TABLE item RENAME note TO remark");
        goesOn();
        assertThat(Pair.rows(target, ITEMS)).contains("(1,1.00,before,low)", "(2,2.00,after,low)");
    }

    @Test
    void aNewNameForATableThatItGivesBack() {
        start();
        stops(
                """
                UPDATE item SET note = 'before'; ALTER TABLE item RENAME TO thing;
                UPDATE thing SET note = 'between'; TRUNCATE thing;
                INSERT INTO thing VALUES (7, 7, 'new', 'low')
                """,
                "CHANGE_REFUSED",
                "public.item",
                "give it its name back");
        Pair.run(source, "ALTER TABLE thing RENAME TO item");
        goesOn();
        assertThat(Pair.rows(target, ITEMS)).hasSize(2).contains("(7,7.00,new,low)");
    }

    @Test
    void aColumnThatGoes() {
        start();
        try (LiveRun run = flowing()) {
            Pair.run(
                    source,
                    """
                    UPDATE item SET note = 'before' WHERE id = 1;
                    ALTER TABLE item DROP note;
                    UPDATE item SET price = 7 WHERE id = 2;
                    """);
            Sides.shows(
                    target,
                    "SELECT id, price FROM item ORDER BY id",
                    "(1,1.00)",
                    "(2,7.00)",
                    "(3,3.00)");
            assertThat(run.stop().exit()).isEqualTo(130);
        }
        Pair.run(target, "ALTER TABLE item DROP note");
        goesOn();
    }

    @Test
    void anotherType() {
        start();
        stops(
                """
                ALTER TABLE item ALTER price TYPE numeric(12, 4);
                UPDATE item SET price = 1.2345 WHERE id = 1;
                """,
                "CHANGE_REFUSED",
                "column \"price\" of table \"public.item\" is numeric(12,4)",
                "numeric(10,2)");
        Pair.run(target, "ALTER TABLE item ALTER price TYPE numeric(12, 4)");
        goesOn();
        assertThat(Pair.rows(target, ITEMS)).contains("(1,1.2345,n,low)");
    }

    @Test
    void anEnumValueThatTheTargetLacks() {
        start();
        Pair.run(source, "ALTER TYPE mood ADD VALUE 'high'");
        stops(
                "INSERT INTO item VALUES (4, 4, 'n', 'high')",
                "CHANGE_REFUSED",
                "\"item\"",
                "\"high\"",
                "mood");
        Pair.run(target, "ALTER TYPE mood ADD VALUE 'high'");
        goesOn();
        assertThat(Pair.rows(target, ITEMS)).contains("(4,4.00,n,high)");
    }

    @Test
    void aNewTable() {
        start();
        stops(
                "CREATE TABLE late (id int PRIMARY KEY); INSERT INTO late VALUES (1)",
                "CHANGE_REFUSED",
                "table \"public.late\" is in scope and has no counterpart");
        Pair.run(target, "CREATE TABLE late (id int PRIMARY KEY)");
        move.told("run", "--until", "in-step")
                .refused(1, "CHANGE_REFUSED", "\"public.late\"", "tables.exclude");
        move = move.without(folder, pair, "public.late");
        goesOn();
    }

    @Test
    void aNewPartition() {
        start();
        String partition =
                "CREATE TABLE visit_2 PARTITION OF visit"
                        + " FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');";
        stops(
                partition + "INSERT INTO visit VALUES ('2021-05-05', 'x')",
                "CHANGE_REFUSED",
                "\"public.visit_2\" is in scope and has no counterpart");
        Pair.run(target, partition);
        goesOn();
        assertThat(Pair.rows(target, "SELECT * FROM visit_2")).containsExactly("(2021-05-05,x)");
    }

    @Test
    void aTableThatGoes() {
        start();
        stops(
                "ALTER TABLE item RENAME TO thing",
                "CHANGE_REFUSED",
                "table \"public.item\" of the source",
                "gone");
        Pair.run(source, "ALTER TABLE thing RENAME TO item");
        goesOn();
    }

    @Test
    void aTableThatIsNotPublishedForAWhile() {
        start();
        String alter =
                "ALTER PUBLICATION lockstep_%s_0 %%s TABLE ONLY item;"
                        .formatted(move.name().replace('-', '_'));
        stops(
                alter.formatted("DROP") + "UPDATE item SET price = 0;" + alter.formatted("ADD"),
                "POSITION_LOST",
                "was altered",
                "table public.item",
                "abort the run and start it afresh");
        move.told("run").refused(1, "POSITION_LOST", "was altered");
        move.told("abort").done();
        move.told("run", "--until", "in-step").done();
        goesOn();
    }

    @Test
    void anotherReplicaIdentity() {
        start();
        pair.onBoth("CREATE UNIQUE INDEX item_other ON item (price)");
        try (LiveRun run = flowing()) {
            Pair.run(source, "UPDATE item SET note = 'one'");
            Pair.run(
                    source,
                    """
                    ALTER TABLE item ALTER price SET NOT NULL;
                    ALTER TABLE item REPLICA IDENTITY USING INDEX item_other;
                    """);
            Pair.run(source, "UPDATE item SET note = 'two', price = price + 10");
            Sides.shows(target, PRICES, "(1,11.00,two)", "(2,12.00,two)", "(3,13.00,two)");
            Pair.run(source, "ALTER TABLE item REPLICA IDENTITY FULL");
            Pair.run(
                    source,
                    """
                    UPDATE item SET note = note || '!', id = id + 10;
                    DELETE FROM item WHERE id = 11;
                    """);
            Sides.shows(target, PRICES, "(12,12.00,two!)", "(13,13.00,two!)");
            assertThat(run.stop().exit()).isEqualTo(130);
        }
    }
}
