package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A table that comes when the tables of a run were last looked at is left behind by no switch.
class LateTablesTest {
    private static final String TABLES =
            """
            CREATE TABLE part (n int PRIMARY KEY) PARTITION BY RANGE (n);
            CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (100);
            """;
    private static final String SECOND =
            "CREATE TABLE public.part_2 PARTITION OF public.part FOR VALUES FROM (100) TO (200)";

    /// A step of its own before the fence takes a gate.
    private static final String GATED =
            """
            schema: { copy: none }
            cutover:
              max-pause: 60s
              max-lag: 60s
              gate: { hooks: { hold: { run: ["true"], undo: { run: ["true"] } } } }
            """;

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    private Move move = new Move("", Path.of(""));
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void start() {
        pair.onBoth(TABLES);
        Pair.run(source, "INSERT INTO part VALUES (1)");
        move = Move.of(folder, pair, GATED);
        move.told("run", "--until", "in-step").done();
    }

    @AfterEach
    void close() {
        pair.close();
    }

    @ParameterizedTest
    @EnumSource
    void aTableThatIsMadeUnderTheFenceUndoesTheSwitch(Side active) {
        Db db = active == Side.SOURCE ? source : target;
        Hooked hooked =
                new Hooked()
                        .at(
                                active == Side.SOURCE ? "drain/0" : "drain/1",
                                () ->
                                        Pair.run(
                                                db,
                                                "CREATE TABLE late (n int PRIMARY KEY);"
                                                        + " INSERT INTO late VALUES (1)"));
        String what = "\"public.late\" is new on the " + active.label();
        assertThatThrownBy(() -> hooked.switches(move, 2))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining(what);
        assertThat(hooked.undone(what)).as("%s", hooked.said()).isTrue();
        assertThat(Status.of(move).active()).isEqualTo(active.label());
        Pair.run(db, "INSERT INTO late VALUES (2); INSERT INTO part VALUES (2)");
    }

    /// Its transaction is open while the switch waits for the locks that it has. Rows in it would
    /// come with the stream, which tells them; without one it would just have no trigger.
    @Test
    void aPartitionWhoseTransactionTheFenceWaitsForUndoesTheSwitch() {
        try (Session maker = source.session("maker")) {
            Hooked hooked =
                    new Hooked()
                            .at(
                                    "hold/0",
                                    () -> {
                                        maker.begin();
                                        maker.run(SECOND);
                                    })
                            .whenSaid("locks that the switch needs are held by", maker::commit);
            assertThatThrownBy(() -> hooked.switches(move, 1))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContaining("\"public.part_2\" is new on the source");
            assertThat(hooked.undone("\"public.part_2\" is new on the source"))
                    .as("%s", hooked.said())
                    .isTrue();
        }
        Pair.run(target, SECOND);
        Pair.run(source, "INSERT INTO part VALUES (150)");
        new Hooked().switches(move, 1);
        assertThat(Pair.rows(target, "SELECT n FROM part ORDER BY n"))
                .containsExactly("(1)", "(150)");
    }

    @Test
    void rowsThatCameToTheOldSideAloneAreNamed() {
        try (LiveRun run = LiveRun.inStep(move)) {
            move.told("cutover").done();
            Pair.run(source, "CREATE TABLE aside (n int); INSERT INTO aside VALUES (1)");
            run.ended().refused(1, "CHANGE_REFUSED", "public.aside", "of the source", "has rows");
        }
        move.told("run", "--until", "in-step").refused(1, "CHANGE_REFUSED", "public.aside");
        Pair.run(source, "DROP TABLE aside");
        // As somebody does it who makes both sides ready for a partition.
        Pair.run(source, SECOND);
        try (LiveRun run = LiveRun.inStep(move)) {
            Pair.run(target, SECOND + "; INSERT INTO part VALUES (150)");
            Sides.shows(source, "SELECT n FROM part ORDER BY n", "(1)", "(150)");
            move.told("complete").done();
            run.ended().done();
        }
    }
}
