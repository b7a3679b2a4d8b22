package dev.lockstep.orchestrator.switching;

import dev.lockstep.orchestrator.gate.Gate;
import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunEvent.SwitchUndone;
import dev.lockstep.orchestrator.run.RunEvent.Switched;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.RunState.Switching;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How a switch ends that did not go through in one piece: forward if the old side refuses writes,
/// else back. Clients follow, and are not left held whatever comes of it.
final class Settlement {
    private final Run run;
    private final Moved moved;
    private final Switching state;
    private final Gate gate;

    Settlement(Run run, Moved moved, Switching state, Gate gate) {
        this.run = run;
        this.moved = moved;
        this.state = state;
        this.gate = gate;
    }

    /// What came of a switch.
    ///
    /// @param forward whether writes have moved
    /// @param held why clients may be held still, to be put behind a sentence; empty if none is
    record Outcome(boolean forward, String held) {}

    /// Ends the switch one way or the other.
    ///
    /// @param intended whether the old side may refuse writes for good by now
    /// @param millis how long it took so far
    Outcome resolve(boolean intended, double millis, @Nullable String reason) {
        // Where nothing was intended nobody has to be asked first, and clients wait.
        String held = intended ? "" : letGo();
        try {
            return resolved(intended, millis, reason + held, held);
        } catch (LockstepException e) {
            if (intended) {
                String _ = letGo();
            }
            throw e;
        }
    }

    private Outcome resolved(boolean intended, double millis, String reason, String held) {
        RunState now = run.journal().history().state();
        if (!(now instanceof Switching)) {
            // Where another process has undone the switch, what runs now is that one's.
            boolean forward =
                    now instanceof InStep inStep && inStep.stream() == Switch.nextStream(state);
            return new Outcome(forward, held);
        }
        if (!intended || !ask(run.db(state.from()))) {
            String left = intended ? letGo() : held;
            run.append(new SwitchUndone(intended ? reason + left : reason, millis));
            return new Outcome(false, left);
        }
        open(Switch.refusal(run, moved, state.from().other()));
        moveClients();
        run.append(switched(run, millis, others(run)));
        return new Outcome(true, "");
    }

    /// Has clients follow writes, which go to the new side for good.
    void moveClients() {
        if (gate.holds()) {
            // Whoever has taken the run over may be further than this.
            run.requireLease();
        }
        try {
            gate.move();
            gate.release();
        } catch (LockstepException e) {
            throw e.fault() == Fault.INTERRUPTED
                    ? e
                    : new LockstepException(
                            Fault.GATE_FAILED,
                            ("database \"%s\" accepts writes now, and not all clients are moved to"
                                            + " it: %s; mend that, and `run` goes on from here")
                                    .formatted(run.db(state.from().other()).label(), e.text()),
                            e);
        }
    }

    /// Lets clients go where they were; says why they may be held still, if they may.
    private String letGo() {
        try {
            gate.undo();
            return "";
        } catch (LockstepException e) {
            return "; and clients may be held still: " + e.text();
        }
    }

    static List<String> others(Run run) {
        return Moved.read(run.plan(), run.source(), run.target()).others().stream()
                .map(TableName::toString)
                .toList();
    }

    static Switched switched(Run run, double pause, List<String> others) {
        return new Switched(pause, run.clock().instant().toString(), others);
    }

    /// Opens the new side. The lease is looked at once the new side's locks are there: whoever
    /// takes the run over waits for these, and a process that slept on the way finds its lease
    /// gone.
    private void open(Refusal opened) {
        run.target()
                .tx(held ->
                        LockRetry.run(
                                run.db(state.from().other()),
                                session -> {
                                    LockRetry.endWithUs(session, Duration.ZERO);
                                    opened.accept(session);
                                    Lease.hold(held, run.name(), run.epoch());
                                }));
    }

    /// Whether the old side refuses. Asks under the fence's own lock: whoever may still be about to
    /// commit triggers has it.
    private boolean ask(Db db) {
        Refusal refusal = Switch.refusal(run, moved, state.from());
        try {
            return LockRetry.inTransaction(
                    db,
                    session -> {
                        Fence.lock(session, refusal.tables());
                        return refusal.isRefusing(session);
                    });
        } catch (LockstepException e) {
            throw new LockstepException(
                    Fault.OWNERSHIP_UNKNOWN,
                    ("whether database \"%s\" still accepts writes cannot be known: %s; "
                                    + "make it reachable"
                                    + " and run again, the run then finds out by itself")
                            .formatted(db.label(), e.text()),
                    e);
        }
    }
}
