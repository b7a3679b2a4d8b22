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
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// How a switch ends that did not go through in one piece: forward if the old side refuses writes,
/// else back. Clients follow, and are not left held whatever comes of it.
final class Settlement {
    private static final int UNDO_ATTEMPTS = 3;
    private static final Duration UNDO_AGAIN = Duration.ofMillis(500);
    private static final Duration LEASE_MAX = Duration.ofSeconds(1);

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

    /// How far a switch came, as far as its process knows.
    enum Reached {
        /// Nothing outlasts it.
        NOTHING,
        /// The old side may refuse writes for good by now.
        INTENT,
        /// The new side accepts writes.
        OPENED
    }

    /// @param pause of the clients
    /// @param others the target's tables that the source does not have, where the new side is open
    record Far(Reached reached, Pause pause, List<String> others) {
        Far {
            others = List.copyOf(others);
        }
    }

    /// Ends the switch one way or the other.
    ///
    /// @param millis how long it took so far
    Outcome resolve(Far far, double millis, String reason) {
        if (far.reached() != Reached.OPENED && !gate.holds()) {
            far.pause().end();
        }
        // Where nothing was intended nobody has to be asked first, and clients wait.
        String held = far.reached() == Reached.NOTHING ? letGo(far.pause()) : "";
        try {
            return resolved(far, millis, reason + held, held);
        } catch (LockstepException e) {
            String left = far.reached() == Reached.NOTHING ? held : letGo(far.pause());
            throw left.isEmpty() ? e : new LockstepException(e.fault(), e.text() + left, e);
        }
    }

    private Outcome resolved(Far far, double millis, String reason, String held) {
        RunState now = run.journal().history().state();
        if (!(now instanceof Switching)) {
            return new Outcome(isForward(now), held);
        }
        boolean open = far.reached() == Reached.OPENED;
        if (!open && (far.reached() == Reached.NOTHING || !ask(run.db(state.from())))) {
            String left = far.reached() == Reached.NOTHING ? held : letGo(far.pause());
            run.append(new SwitchUndone(left.isEmpty() ? reason : reason + left, millis));
            return new Outcome(false, left);
        }
        if (!open) {
            open(Switch.refusal(run, moved, state.from().other()));
            far.pause().end();
        }
        moveClients();
        if (gate.holds()) {
            far.pause().end();
        }
        run.append(switched(run, far.pause().millis(), open ? far.others() : others()));
        return new Outcome(true, "");
    }

    /// Where another process has ended the switch, what runs now is that one's.
    private boolean isForward(RunState now) {
        if (now instanceof InStep inStep) {
            return inStep.stream() == Switch.nextStream(state);
        }
        run.requireLease();
        throw new LockstepException(
                Fault.WRONG_STATE,
                "the run is %s by now, and what came of the switch is in its journal"
                        .formatted(now.label()));
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

    /// Lets clients go where they were; says why they may be held still, if they may. Nobody comes
    /// back to a run in step for that, so what fails is tried again here.
    private String letGo(Pause pause) {
        if (!gate.holds() || isReplaced()) {
            return "";
        }
        for (int attempt = 1; ; attempt++) {
            try {
                gate.undo();
                pause.end();
                return "";
            } catch (LockstepException e) {
                if (attempt == UNDO_ATTEMPTS || e.fault() == Fault.INTERRUPTED) {
                    return "; and clients may be held still: " + e.text();
                }
            }
            LockSupport.parkNanos(UNDO_AGAIN.toNanos());
        }
    }

    /// Whether another process has the run, and holds clients maybe. They do not wait for long for
    /// the answer.
    private boolean isReplaced() {
        CompletableFuture<Boolean> answer = new CompletableFuture<>();
        Thread.ofVirtual()
                .name("lease of clients")
                .start(() -> {
                    try {
                        run.requireLease();
                        answer.complete(false);
                    } catch (LockstepException e) {
                        answer.complete(e.fault() == Fault.LEASE_LOST);
                    }
                });
        return answer.completeOnTimeout(false, LEASE_MAX.toMillis(), TimeUnit.MILLISECONDS).join();
    }

    private List<String> others() {
        return Moved.read(run).others().stream().map(TableName::toString).toList();
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
            throw switch (e.fault()) {
                case INTERRUPTED -> e;
                case LOCK_TIMEOUT ->
                        new LockstepException(
                                Fault.LOCK_TIMEOUT,
                                ("whether database \"%s\" still accepts writes can be known"
                                                + " only with its tables locked; who holds locks:"
                                                + " %s; end those transactions, or wait, and the"
                                                + " run finds out by itself")
                                        .formatted(db.label(), inTheWay(db, refusal)),
                                e);
                default ->
                        new LockstepException(
                                Fault.OWNERSHIP_UNKNOWN,
                                ("whether database \"%s\" still accepts writes cannot be known:"
                                                + " %s; make it reachable and run again, the run"
                                                + " then finds out by itself")
                                        .formatted(db.label(), e.text()),
                                e);
            };
        }
    }

    private static String inTheWay(Db db, Refusal refusal) {
        try (Session session = db.brief("blockers")) {
            Fence.Wanted wanted = new Fence.Wanted(refusal.tables(), List.of());
            return new Blockers(session, wanted, Optional.empty(), _ -> {}).text();
        } catch (LockstepException e) {
            return "they cannot be asked for: " + e.text();
        }
    }
}
