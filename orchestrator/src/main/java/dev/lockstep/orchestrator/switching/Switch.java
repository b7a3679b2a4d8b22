package dev.lockstep.orchestrator.switching;

import dev.lockstep.cdc.Replication;
import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunEvent.SwitchIntended;
import dev.lockstep.orchestrator.run.RunEvent.SwitchUndone;
import dev.lockstep.orchestrator.run.RunEvent.Switched;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.RunState.Switching;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.orchestrator.stage.Streams;
import dev.lockstep.orchestrator.stage.SwitchProof;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.SessionPair;
import java.time.Duration;
import java.util.List;

/// Moves writes from one database to the other. The steps are those of the design:
///
/// 1. the next stream is made and captures on the standby, so that there is a way back
/// 2. the active's tables are locked by one open transaction: writes wait
/// 3. everything committed before that is drained to the standby, sequences are carried
/// 4. the standby's triggers are switched off in a transaction that is not committed yet; with both
///    sides locked, what the proof of their equality rests on is looked at once more
/// 5. the intent is journaled; the fence becomes durable; the standby's transaction commits
/// 6. the outcome is journaled
///
/// Until the fence is durable everything is undone by ending sessions. After it there is only
/// forward, and a restart reads from the triggers how far it came.
public final class Switch {
    private final Run run;
    private final Moved moved;
    private final Switching state;
    private final Db from;
    private final Db to;
    private final StepListener steps;

    /// Told of each step just before it; a test lets the process die there.
    @FunctionalInterface
    public interface StepListener {
        StepListener NONE = step -> {};

        void before(String step);

        /// Told what keeps the switch waiting.
        default void waiting(String what) {}
    }

    public Switch(Run run, Moved moved, Switching state, StepListener steps) {
        this.run = run;
        this.moved = moved;
        this.state = state;
        this.from = run.db(state.from());
        this.to = run.db(state.from().other());
        this.steps = steps;
    }

    /// The triggers of one side of a run.
    public static Refusal refusal(Run run, Moved moved, Side side) {
        return new Refusal(run.name(), moved.tables(side), run.db(side.other()).label());
    }

    /// Goes through all steps. `current` carries changes from the active to the standby; `next` is
    /// the stream of the other direction, capturing already.
    ///
    /// @param proof what must still hold under the fence
    public void perform(Replication current, Replication next, SwitchProof proof)
            throws InterruptedException {
        Refusal fenced = refusal(run, moved, state.from());
        Refusal opened = refusal(run, moved, state.from().other());
        Duration pauseMax = run.plan().cutover().maxPause();
        long start = System.nanoTime();
        boolean intended = false;
        List<String> others = others();
        try (Session opening = to.session("open");
                Fence fence =
                        Fence.raise(from, fenced.tables(), run.plan().cutover(), steps::waiting)) {
            steps.before("drain");
            current.drain(left(fence, pauseMax));
            current.requirePublished(fence.session());
            begin(opening, fence);
            steps.before("sequences");
            new SequenceCarrier(moved.sequences(state.from())).carry(fence.session(), opening);
            next.startAnewAt(writtenUpTo(to));
            limitWaits(opening, left(fence, pauseMax));
            opened.accept(opening);
            requireStill(proof, opening, fence);
            left(fence, pauseMax);
            steps.before("intend");
            intended = true;
            run.append(new SwitchIntended());
            steps.before("fence");
            fence.makeDurable(fenced);
            steps.before("open");
            opening.commit();
            double pause = millisSince(fence.heldSince());
            steps.before("outcome");
            run.append(switched(pause, others));
        } catch (LockstepException | InterruptedException e) {
            settle(e, intended, start);
        }
    }

    /// Begins the transaction that opens the standby. Whichever of the two is on the target keeps
    /// the run.
    private void begin(Session opening, Fence fence) {
        Duration pauseMax = run.plan().cutover().maxPause();
        opening.begin();
        LockRetry.preferOverVacuum(opening);
        LockRetry.endWithUs(opening, pauseMax);
        limitWaits(opening, left(fence, pauseMax));
        Session onTarget = state.from() == Side.TARGET ? fence.session() : opening;
        Lease.hold(onTarget, run.name(), run.epoch());
    }

    /// No statement takes longer than the pause may; then the server ends it.
    private void requireStill(SwitchProof proof, Session opening, Fence fence) {
        Duration pauseMax = run.plan().cutover().maxPause();
        SessionPair held = new SessionPair(fence.session(), opening);
        String limit = "SET LOCAL statement_timeout = %d";
        held.active().run(limit.formatted(millis(left(fence, pauseMax))));
        held.standby().run(limit.formatted(millis(left(fence, pauseMax))));
        proof.requireStill(held, (_, _) -> left(fence, pauseMax));
        held.active().run(limit.formatted(0));
        held.standby().run(limit.formatted(0));
    }

    /// Finds out how far a failed switch came, and ends it one way or the other.
    private void settle(Exception failure, boolean intended, long start)
            throws InterruptedException {
        boolean interrupted = Thread.interrupted();
        boolean stopped = failure instanceof InterruptedException || is(failure, Fault.INTERRUPTED);
        try {
            if (resolve(intended, millisSince(start), failure.getMessage())) {
                return;
            }
        } finally {
            // Else whoever cleans up would be interrupted once more.
            if (interrupted && !stopped) {
                Thread.currentThread().interrupt();
            }
        }
        if (stopped) {
            throw new InterruptedException(failure.getMessage());
        }
        throw new LockstepException(
                is(failure, Fault.DIFFERENT) ? Fault.DIFFERENT : Fault.SWITCH_FAILED,
                "the switch was undone after %.0f ms, writes go on where they were: %s"
                        .formatted(millisSince(start), failure.getMessage()),
                failure);
    }

    private static boolean is(Exception failure, Fault fault) {
        return failure instanceof LockstepException own && own.fault() == fault;
    }

    /// Takes up a switch that a dead process left: forward if the old side refuses writes, else
    /// back.
    public void recover() {
        boolean _ =
                resolve(
                        state.intended(),
                        -1,
                        "the process that switched died before writes had moved");
    }

    /// @param intended whether the old side may refuse writes for good by now
    private boolean resolve(
            boolean intended, double millis, @org.jspecify.annotations.Nullable String reason) {
        RunState now = run.journal().history().state();
        if (!(now instanceof Switching)) {
            // Where another process has undone the switch, what runs now is that one's.
            return now instanceof InStep inStep && inStep.stream() == nextStream(state);
        }
        if (!intended || !ask(from, refusal(run, moved, state.from()))) {
            run.append(new SwitchUndone(String.valueOf(reason), millis));
            return false;
        }
        open(refusal(run, moved, state.from().other()));
        run.append(switched(millis, others()));
        return true;
    }

    private List<String> others() {
        return Moved.read(run.plan(), run.source(), run.target()).others().stream()
                .map(TableName::toString)
                .toList();
    }

    private Switched switched(double pause, List<String> others) {
        return new Switched(pause, run.clock().instant().toString(), others);
    }

    /// Opens the new side. The lease is looked at once the new side's locks are there: whoever
    /// takes the run over waits for these, and a process that slept on the way finds its lease
    /// gone.
    private void open(Refusal opened) {
        run.target()
                .tx(held ->
                        LockRetry.run(
                                to,
                                session -> {
                                    LockRetry.endWithUs(session, Duration.ZERO);
                                    opened.accept(session);
                                    Lease.hold(held, run.name(), run.epoch());
                                }));
    }

    /// Asks under the fence's own lock: whoever may still be about to commit triggers has it.
    private boolean ask(Db db, Refusal refusal) {
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

    /// Everything that the standby has committed so far was applied by Lockstep: its applier has
    /// nothing more to write and applications are refused.
    private static Lsn writtenUpTo(Db db) {
        return db.call(session -> Lsn.parse(session.one("SELECT pg_current_wal_insert_lsn()")));
    }

    private Duration left(Fence fence, Duration pauseMax) {
        Duration left = pauseMax.minusNanos(System.nanoTime() - fence.heldSince());
        if (!left.isPositive()) {
            throw new LockstepException(
                    Fault.SWITCH_FAILED,
                    "writes were held for %d ms, the plan's max-pause"
                            .formatted(pauseMax.toMillis()));
        }
        return left;
    }

    private static void limitWaits(Session session, Duration atMost) {
        session.run("SET LOCAL lock_timeout = " + millis(atMost));
    }

    /// At least one: none would be no limit.
    private static long millis(Duration limit) {
        return Math.max(1, limit.toMillis());
    }

    private static double millisSince(long nanos) {
        return (System.nanoTime() - nanos) / 1e6;
    }

    /// The stream that carries changes the other way once writes have moved.
    public static int nextStream(Switching state) {
        return state.stream() + 1;
    }

    /// Makes that stream and starts to capture. What a switch that was undone left of it says
    /// nothing about this one.
    public static Replication prepareNext(Run run, Moved moved, Switching state) {
        Streams.remove(run, nextStream(state));
        Replication next = Streams.open(run, moved, nextStream(state));
        try {
            next.prepare();
            next.startCapture();
            return next;
        } catch (RuntimeException e) {
            next.close();
            throw e;
        }
    }
}
