package dev.lockstep.orchestrator.switching;

import dev.lockstep.cdc.Replication;
import dev.lockstep.orchestrator.gate.Gate;
import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunEvent.SwitchIntended;
import dev.lockstep.orchestrator.run.RunState.Switching;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.orchestrator.stage.Streams;
import dev.lockstep.orchestrator.verify.SwitchProof;
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
/// 2. the gate holds clients; the active's tables are locked by one open transaction: writes wait
/// 3. everything committed before that is drained to the standby, sequences are carried
/// 4. the standby's triggers are switched off in a transaction that is not committed yet; with both
///    sides locked, what the proof of their equality rests on is looked at once more
/// 5. the intent is journaled; the fence becomes durable; the standby's transaction commits
/// 6. the gate moves clients and lets them go
/// 7. the outcome is journaled
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
    private final Pause pause;
    private boolean intended;

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
        this.pause = new Pause(run.plan().cutover().maxPause());
        this.intended = state.intended();
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
        long start = System.nanoTime();
        List<String> others = Settlement.others(run);
        try (Gate gate = Gate.of(run.plan(), state.from())) {
            Settlement settlement = new Settlement(run, moved, state, gate);
            try {
                hold(gate);
                moveWrites(current, next, proof);
                steps.before("move");
                settlement.moveClients();
                if (gate.holds()) {
                    pause.end();
                }
                steps.before("outcome");
                run.append(Settlement.switched(run, pause.millis(), others));
            } catch (LockstepException | InterruptedException e) {
                settle(settlement, e, start);
            }
        }
    }

    private void hold(Gate gate) {
        gate.prepare();
        if (gate.holds()) {
            steps.before("hold");
            pause.begin(System.nanoTime());
            gate.hold(pause.left());
        }
    }

    private void moveWrites(Replication current, Replication next, SwitchProof proof)
            throws InterruptedException {
        Refusal fenced = refusal(run, moved, state.from());
        Refusal opened = refusal(run, moved, state.from().other());
        try (Session opening = to.session("open");
                Fence fence = Fence.raise(from, fenced.tables(), patience())) {
            pause.begin(fence.heldSince());
            steps.before("drain");
            current.drain(pause.left());
            current.requirePublished(fence.session());
            begin(opening, fence);
            steps.before("sequences");
            new SequenceCarrier(moved.sequences(state.from())).carry(fence.session(), opening);
            next.startAnewAt(writtenUpTo(to));
            limitWaits(opening);
            opened.accept(opening);
            requireStill(proof, opening, fence);
            boolean _ = pause.left().isPositive();
            steps.before("intend");
            intended = true;
            run.append(new SwitchIntended());
            steps.before("fence");
            fence.makeDurable(fenced);
            steps.before("open");
            opening.commit();
            pause.end();
        }
    }

    private Fence.Patience patience() {
        return new Fence.Patience(
                pause.left(), run.plan().cutover().terminateBlockers(), steps::waiting);
    }

    /// Begins the transaction that opens the standby. Whichever of the two is on the target keeps
    /// the run.
    private void begin(Session opening, Fence fence) {
        opening.begin();
        LockRetry.preferOverVacuum(opening);
        LockRetry.endWithUs(opening, run.plan().cutover().maxPause());
        limitWaits(opening);
        Session onTarget = state.from() == Side.TARGET ? fence.session() : opening;
        Lease.hold(onTarget, run.name(), run.epoch());
    }

    /// No statement takes longer than the pause may; then the server ends it.
    private void requireStill(SwitchProof proof, Session opening, Fence fence) {
        SessionPair held = new SessionPair(fence.session(), opening);
        String limit = "SET LOCAL statement_timeout = %d";
        held.active().run(limit.formatted(millis(pause.left())));
        held.standby().run(limit.formatted(millis(pause.left())));
        proof.requireStill(held, (_, _) -> pause.left());
        held.active().run(limit.formatted(0));
        held.standby().run(limit.formatted(0));
    }

    /// Finds out how far a failed switch came, and ends it one way or the other.
    private void settle(Settlement settlement, Exception failure, long start)
            throws InterruptedException {
        boolean interrupted = Thread.interrupted();
        boolean stopped = failure instanceof InterruptedException || is(failure, Fault.INTERRUPTED);
        Settlement.Outcome outcome;
        try {
            outcome = settlement.resolve(intended, millisSince(start), failure.getMessage());
        } finally {
            // Else whoever cleans up would be interrupted once more.
            if (interrupted && !stopped) {
                Thread.currentThread().interrupt();
            }
        }
        if (outcome.forward()) {
            return;
        }
        if (stopped) {
            throw new InterruptedException(failure.getMessage());
        }
        throw new LockstepException(
                is(failure, Fault.DIFFERENT) ? Fault.DIFFERENT : Fault.SWITCH_FAILED,
                "the switch was undone after %.0f ms, writes go on where they were: %s%s"
                        .formatted(millisSince(start), failure.getMessage(), outcome.held()),
                failure);
    }

    private static boolean is(Exception failure, Fault fault) {
        return failure instanceof LockstepException own && own.fault() == fault;
    }

    /// Takes up a switch that a dead process left: forward if the old side refuses writes, else
    /// back.
    public void recover() {
        try (Gate gate = Gate.of(run.plan(), state.from())) {
            var _ =
                    new Settlement(run, moved, state, gate)
                            .resolve(
                                    intended,
                                    Pause.UNKNOWN,
                                    "the process that switched died before writes had moved");
        }
    }

    /// Everything that the standby has committed so far was applied by Lockstep: its applier has
    /// nothing more to write and applications are refused.
    private static Lsn writtenUpTo(Db db) {
        return db.call(session -> Lsn.parse(session.one("SELECT pg_current_wal_insert_lsn()")));
    }

    private void limitWaits(Session session) {
        session.run("SET LOCAL lock_timeout = " + millis(pause.left()));
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
