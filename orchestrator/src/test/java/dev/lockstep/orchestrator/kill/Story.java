package dev.lockstep.orchestrator.kill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.lockstep.orchestrator.kill.Databases.Answer;
import dev.lockstep.orchestrator.kill.Databases.Hold;
import dev.lockstep.orchestrator.run.Side;
import java.nio.file.Path;

/// One run from beginning to end, through the lives of many processes, while an application writes.
final class Story implements AutoCloseable {
    private static final String NOWHERE = "nowhere";
    private static final String CHUNKS =
            "SELECT count(*) FROM lockstep.chunk WHERE rows IS NOT NULL";
    private static final String CHUNKS_LEFT =
            "SELECT count(*) FROM lockstep.chunk WHERE rows IS NULL";
    private static final String LAST_TICK = "SELECT max(n) FROM public.tick";

    private final Path folder;
    private final int switches;
    private final String end;
    private final Databases databases = new Databases();
    private final Application application;
    private final Witness witness;
    private boolean isSettled;
    private boolean isTold = true;

    /// @param switches how many there are before the run is ended
    /// @param end the last command
    Story(Path folder, int switches, String end) {
        this.folder = folder;
        this.switches = switches;
        this.end = end;
        databases.create();
        this.application = Application.start(databases);
        this.witness = new Witness(databases, application);
    }

    /// Has a process bring the run forward to a point, kills it there, and looks at what it left.
    void killAt(KillPoint point) {
        goOn();
        Path plan = databases.plan(folder, point.isCopying() ? "1000" : "unlimited");
        try (VictimProcess victim = start(plan, point.stop())) {
            if (point.isAtEnd() && !isSettled) {
                settle(victim);
            }
            victim.awaitReached(point.stop());
            if (point.isInStep()) {
                awaitFollowing(victim);
            }
            if (point.brake().isPresent()) {
                killStuck(victim, point, point.brake().get());
            } else {
                victim.kill();
            }
        }
        checkDeadTime(point);
        application.watch(point.isCaughtUp());
        isTold = true;
    }

    /// Has a last process bring the run to its end.
    void finish() {
        goOn();
        try (VictimProcess heir =
                VictimProcess.heir(databases.plan(folder, "unlimited"), NOWHERE, switches(), end)) {
            if (!isSettled) {
                settle(heir);
            }
            heir.awaitExit(0);
        }
        witness.checkOver(end, folder);
    }

    /// Once something went wrong, what comes later in the story says nothing.
    private void goOn() {
        assumeThat(isTold).as("the story went well so far").isTrue();
        isTold = false;
    }

    private VictimProcess start(Path plan, String stop) {
        return VictimProcess.start(plan, stop, switches(), end);
    }

    private String switches() {
        return Integer.toString(switches);
    }

    /// Kills it while it waits for a lock.
    private void killStuck(VictimProcess victim, KillPoint point, KillPoint.Brake brake) {
        if (point.isCopying()) {
            victim.go();
            Waiting.until(
                    "two chunks are copied",
                    () -> databases.hasChunks() && databases.number(Side.TARGET, CHUNKS) >= 2,
                    victim::situation);
        }
        try (Hold hold = databases.hold(brake.side(), brake.table(), brake.mode())) {
            if (!point.isCopying()) {
                victim.go();
            }
            Waiting.until("it is stuck", hold::isWaitedFor, victim::situation);
            victim.kill();
        }
        if (point.isCopying()) {
            assertThat(databases.number(Side.TARGET, CHUNKS_LEFT)).isPositive();
        }
    }

    private void awaitFollowing(VictimProcess victim) {
        long now = databases.number(Side.SOURCE, LAST_TICK);
        Waiting.until(
                "the standby follows",
                () -> databases.number(Side.TARGET, LAST_TICK) > now,
                victim::situation);
    }

    private void checkDeadTime(KillPoint point) {
        Waiting.until(
                "the sessions of the dead process end",
                () -> databases.sessions().isEmpty(),
                databases::sessions);
        point.accepting().forEach(side -> witness.assertAnswer(side, Answer.ACCEPTS));
        point.refusing().forEach(side -> witness.assertAnswer(side, Answer.REFUSES));
        if (!point.accepting().isEmpty()) {
            application.awaitWrites(20, "the application goes on without Lockstep");
        }
    }

    /// Compares the sides, and has the run ended after that.
    private void settle(VictimProcess victim) {
        victim.awaitReached(Victim.SETTLED);
        witness.compare(victim::situation);
        isSettled = true;
        victim.go();
    }

    @Override
    public void close() {
        application.close();
        databases.close();
    }
}
