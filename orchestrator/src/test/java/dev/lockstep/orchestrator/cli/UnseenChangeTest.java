package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What makes the sides differ and is no change of the stream is seen before a switch, however
/// young the last verification is.
class UnseenChangeTest {
    private static final String SHOP =
            """
            CREATE TYPE mood AS ENUM ('low');
            CREATE TABLE item (id int PRIMARY KEY, price numeric(10, 2), note text, mood mood);
            """;
    private static final String ITEMS = "SELECT * FROM item ORDER BY id";

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    private Move move = new Move("", Path.of(""));
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void start() {
        pair.onBoth(SHOP);
        Pair.run(source, "INSERT INTO item SELECT i, i, 'n', 'low' FROM generate_series(1, 3) i");
        move = Move.of(folder, pair);
        move.told("run", "--until", "in-step").done();
    }

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void aTriggerOfTheTargetThatChangesWhatTheStreamBrings() {
        try (LiveRun run = LiveRun.inStep(move)) {
            move.told("validate").done();
            Pair.run(
                    target,
                    """
                    CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql
                        AS 'BEGIN new.note := ''spoilt''; RETURN new; END';
                    CREATE TRIGGER spoil BEFORE INSERT ON item
                        FOR EACH ROW EXECUTE FUNCTION spoil();
                    ALTER TABLE item ENABLE ALWAYS TRIGGER spoil;
                    """);
            Pair.run(source, "INSERT INTO item VALUES (5, 5, 'good', 'low')");
            move.told("cutover").refused(3, "DIFFERENT", "public.item", "id=5", "note");
            move.told("abort").done();
            run.ended();
        }
    }

    /// The stream has no change that tells of them.
    @Test
    void valuesThatAStatementGivesAreSeenBeforeASwitch() {
        try (LiveRun run = LiveRun.inStep(move)) {
            for (String statement :
                    List.of(
                            "ALTER TABLE item ALTER price TYPE numeric(10, 2) USING price + 1",
                            "ALTER TABLE item DROP mood, ADD mood mood")) {
                Pair.run(source, statement);
                move.told("cutover").refused(3, "DIFFERENT", "public.item");
                move.told("validate").refused(3, "DIFFERENT", "public.item");
                Pair.run(target, statement);
                Pair.run(source, "UPDATE item SET note = 'n'");
                LiveRun.await("a match", () -> move.told("validate").exit() == 0);
            }
            move.told("cutover").done();
            move.told("complete").done();
            run.ended().done();
        }
        assertThat(Pair.rows(source, ITEMS)).isEqualTo(Pair.rows(target, ITEMS));
    }
}
