package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Ctrl-C: a process that works on a run ends in order, and the next one goes on.
class InterruptTest {
    private static final String SLOW =
            """
            schema: { copy: none }
            backfill: { workers: 1, chunk: 8KiB, rows-per-second: 1 }
            """;

    private static final String KEPT =
            "the run is kept as it is, `run` goes on with it [INTERRUPTED]";

    private final Pair pair = Pair.create();
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        pair.close();
    }

    /// No other process has the run; who is held waits for this one.
    @Test
    void anInterruptedSwitchLetsClientsGo() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        Move move = Move.of(folder, pair, HeldSwitch.PLAN);
        move.told("run", "--until", "in-step").done();
        try (Session writer = HeldSwitch.writer(pair.source());
                Child cutover = Child.start(folder, "cutover", move)) {
            HeldSwitch.await(pair.source(), folder);
            assertThat(cutover.interrupted())
                    .endsWith(KEPT)
                    .contains("the switch was undone, writes go on where they were");
            HeldSwitch.isUndone(folder);
            writer.run("INSERT INTO public.item VALUES (1)");
            writer.commit();
        }
        Status status = Status.of(move);
        assertThat(status.state()).isEqualTo("in-step");
        assertThat(status.active()).isEqualTo("source");
        move.told("cutover").done();
    }

    @Test
    void anInterruptedRunExitsInOrderAndTheNextOneGoesOn() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY, name text)");
        Pair.run(
                pair.source(),
                "INSERT INTO item SELECT n, repeat('x', 400) FROM generate_series(1, 2000) n");
        Move move = Move.alone(folder, pair, SLOW);
        try (Child copying = Child.start(folder, "run", move)) {
            copying.await("state copying", () -> Status.isAt(move, "copying"));
            assertThat(copying.interrupted()).endsWith(KEPT);
        }
        Status status = Status.of(move);
        assertThat(status.state()).isEqualTo("copying");
        assertThat(status.isWorkedOn()).isFalse();
        Pair.run(pair.source(), "DELETE FROM item WHERE id <= 3");
        try (LiveRun next = LiveRun.inStep(move.unthrottled(folder, pair))) {
            Pair.run(pair.source(), "DELETE FROM item WHERE id = 4");
            assertThat(move.told("cutover").done()).contains("writes go to the target");
            assertThat(Pair.rows(pair.target(), "SELECT count(*), min(id) FROM item"))
                    .containsExactly("(1996,5)");
            move.told("complete").done();
            next.ended().done();
        }
        Sides.areLeftClean(pair);
    }
}
