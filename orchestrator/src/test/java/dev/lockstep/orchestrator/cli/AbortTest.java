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

/// Runs that are given up: both databases are as they were, and the plan may run again.
class AbortTest {
    private static final String TABLES =
            """
            CREATE TABLE item (id int PRIMARY KEY, name text);
            CREATE TABLE other (id int PRIMARY KEY);
            CREATE TABLE part (id int PRIMARY KEY, other int REFERENCES other)
                PARTITION BY HASH (id);
            CREATE TABLE part_all PARTITION OF part FOR VALUES WITH (MODULUS 1, REMAINDER 0);
            """;

    /// A copy that would take most of a day.
    private static final String SLOW =
            """
            schema: { copy: none }
            backfill: { workers: 1, chunk: 8KiB, rows-per-second: 1 }
            """;

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    private List<String> before = List.of();
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void fill() {
        pair.onBoth(TABLES);
        Pair.run(
                source,
                "INSERT INTO item SELECT n, repeat('x', 400) FROM generate_series(1, 2000) n");
        before = Traces.of(source);
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private void isAsBefore(Move move) {
        assertThat(Traces.of(source)).isEqualTo(before);
        Sides.areLeftClean(pair);
        assertThat(Status.of(move).state()).isEqualTo("aborted");
        assertThat(move.state()).doesNotExist();
        Pair.run(target, "INSERT INTO other VALUES (1); DELETE FROM other");
    }

    private static String rows(Db db) {
        return Pair.rows(db, "SELECT count(*) FROM item").getFirst();
    }

    @Test
    void aRunThatIsInStepIsGivenUpByTheProcessThatHasIt() {
        Move move = Move.alone(folder, pair);
        try (LiveRun run = LiveRun.inStep(move)) {
            assertThat(move.told("abort").done()).contains("aborted", source.label());
            assertThat(run.ended().done()).contains("aborted");
        }
        isAsBefore(move);
        assertThat(rows(target)).isEqualTo("(0)");
    }

    @Test
    void theTargetKeepsItsRowsWhereThatIsAskedFor() {
        Move move = Move.alone(folder, pair);
        move.told("run", "--until", "in-step").done();
        assertThat(move.told("abort", "--keep-target").done()).contains("keeps its rows");
        isAsBefore(move);
        assertThat(rows(target)).isEqualTo("(2000)");
        move.told("run").refused(4, "PRECONDITION", "\"public.item\"", "not empty");
        Pair.run(target, "TRUNCATE item");
        Move again = move.narrowedTo(folder, pair, "public.item");
        assertThat(again.told("run", "--until", "in-step").done()).contains("in-step");
        again.told("abort").done();
        isAsBefore(again);
    }

    @Test
    void aCopyIsGivenUpInItsMiddle() {
        Move move = Move.alone(folder, pair, SLOW);
        try (LiveRun run = LiveRun.start(move).awaitState("copying")) {
            move.told("validate").refused(4, "WRONG_STATE", "copying", "in step");
            assertThat(move.told("abort").done()).contains("aborted");
            assertThat(run.ended().exit()).isZero();
        }
        isAsBefore(move);
        assertThat(rows(target)).isEqualTo("(0)");
    }

    @Test
    void aRunThatWasStoppedInItsMiddleIsGivenUpLater() {
        Move move = Move.alone(folder, pair, SLOW);
        try (LiveRun run = LiveRun.start(move).awaitState("copying")) {
            Told stopped = run.stop();
            stopped.refused(130, "INTERRUPTED", "the run is kept");
        }
        assertThat(Status.of(move).state()).isEqualTo("copying");
        move.told("cutover").refused(4, "WRONG_STATE", "copying", "run --until in-step");
        assertThat(move.told("abort", "--keep-target").done()).contains("keeps its rows");
        isAsBefore(move);
    }

    @Test
    void aRunWhoseChangesAreGoneIsGivenUp() {
        Move move = Move.alone(folder, pair);
        move.told("run", "--until", "in-step").done();
        String slot = "lockstep_" + move.name().replace('-', '_') + "_0";
        Pair.run(source, "SELECT pg_drop_replication_slot('%s')".formatted(slot));
        move.told("validate").refused(1, "POSITION_LOST", slot, "abort the run");
        assertThat(Status.of(move).text()).contains("failed", "POSITION_LOST", slot);
        assertThat(move.told("abort").done()).contains("aborted");
        isAsBefore(move);
        assertThat(rows(target)).isEqualTo("(0)");
    }

    @Test
    void aRunThatFailedIsGivenUp() {
        Pair.run(target, "ALTER TABLE item ADD CHECK (id < 1000)");
        Move move = Move.alone(folder, pair);
        Told failed = move.told("run", "--until", "in-step");
        assertThat(failed.exit()).as("%s", failed).isEqualTo(1);
        assertThat(failed.err()).contains("\"item\"", "item_id_check", target.label());
        assertThat(Status.of(move).state()).isEqualTo("failed");
        move.told("abort").done();
        isAsBefore(move);
        assertThat(rows(target)).isEqualTo("(0)");
    }
}
