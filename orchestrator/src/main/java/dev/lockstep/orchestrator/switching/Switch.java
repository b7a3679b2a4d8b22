package dev.lockstep.orchestrator.switching;

import dev.lockstep.cdc.Replication;
import dev.lockstep.orchestrator.gate.Gate;
import dev.lockstep.orchestrator.run.History;
import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunEvent.SwitchIntended;
import dev.lockstep.orchestrator.run.RunState.Switching;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.orchestrator.stage.StrayNotes;
import dev.lockstep.orchestrator.stage.Streams;
import dev.lockstep.orchestrator.verify.SwitchProof;
import dev.lockstep.plans.catalog.Sequence;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.SessionPair;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Moves writes from one database to the other. The steps are those of the design:
///
/// 1. the next stream is made and captures on the standby, so that there is a way back
/// 2. the gate holds clients; the active's tables are locked by one open transaction: writes wait
/// 3. everything committed before that is drained to the standby, sequences are carried
/// 4. the standby's triggers are switched off in a transaction that is not committed yet; with both
///    sides locked, what the proof of their equality rests on is looked at once more, and whether
///    there are other tables now
/// 5. the intent is journaled; the fence becomes durable; the standby's transaction commits
/// 6. the gate moves clients and lets them go
/// 7. the outcome is journaled
///
/// Until the fence is durable everything is undone by ending sessions. After it there is only
/// forward, and a restart reads from the triggers how far it came.
public final class Switch {
    private static final Logger log = LoggerFactory.getLogger(Switch.class);

    private final Run run;
    private final Moved moved;
    private final Switching state;
    private final Db from;
    private final Db to;
    private final StepListener steps;
    private final Pause pause;
    private final SameTables tables;
    private Settlement.Reached reached;
    private List<String> others = List.of();
    private Optional<PauseWatch> holding = Optional.empty();
    private String trouble = "the process that switched died before writes had moved";

    public Switch(Run run, Moved moved, Switching state, StepListener steps) {
        this.run = run;
        this.moved = moved;
        this.state = state;
        this.from = run.db(state.from());
        this.to = run.db(state.from().other());
        this.steps = steps;
        this.pause = new Pause(run.plan().cutover().maxPause());
        this.tables = new SameTables(run, moved, state.from());
        this.reached = state.intended() ? Settlement.Reached.INTENT : Settlement.Reached.NOTHING;
    }

    /// The triggers of one side of a run.
    public static Refusal refusal(Run run, Moved moved, Side side) {
        return new Refusal(run.name(), moved.tables(side), run.db(side.other()).label());
    }

    /// Goes through all steps. Returns the stream of the other direction, which captures already.
    ///
    /// @param current carries changes from the active to the standby
    /// @param proof what must still hold under the fence
    /// @param last is done just before writes are held
    public Replication perform(Replication current, SwitchProof proof, LastLook last)
            throws InterruptedException {
        Replication next = Streams.prepareNext(run, moved, nextStream(state));
        try {
            perform(current, next, proof, last);
            return next;
        } catch (RuntimeException | InterruptedException | AssertionError e) {
            next.close();
            throw e;
        }
    }

    private void perform(Replication current, Replication next, SwitchProof proof, LastLook last)
            throws InterruptedException {
        long start = System.nanoTime();
        trouble = "it was taken up again after trouble";
        try (Gate gate = Gate.of(run.plan(), state.from());
                Session fencing = from.session("fence");
                Session opening = to.session("open")) {
            getReady(fencing, opening);
            gate.prepare();
            steps.before("look");
            last.look();
            History history = run.journal().history();
            Settlement settlement = new Settlement(run, moved, state, gate);
            try {
                hold(gate);
                moveWrites(current, next, proof, new SessionPair(fencing, opening), history);
                steps.before("move");
                settlement.moveClients();
                if (gate.holds()) {
                    pause.end();
                }
                steps.before("outcome");
                run.append(Settlement.switched(run, pause.millis(), others));
            } catch (RuntimeException | InterruptedException | AssertionError e) {
                settle(settlement, e, start);
            }
        }
    }

    /// What would only make a pause longer: a look at the tables, and connections that are there.
    private void getReady(Session fencing, Session opening) {
        others = tables.require(fencing, opening);
        for (Db db : List.of(from, to)) {
            String _ = db.call(session -> session.one("SELECT 1"));
        }
    }

    private void hold(Gate gate) {
        if (gate.holds()) {
            steps.before("hold");
            pause.begin(Pause.Held.CLIENTS, System.nanoTime());
            gate.hold(pause.left());
        }
    }

    private void moveWrites(
            Replication current,
            Replication next,
            SwitchProof proof,
            SessionPair sessions,
            History history)
            throws InterruptedException {
        Refusal fenced = refusal(run, moved, state.from());
        try (Session opening = sessions.standby();
                Fence fence = raise(sessions.active(), fenced)) {
            pause.begin(Pause.Held.WRITES, fence.heldSince());
            try (PauseWatch watch =
                    PauseWatch.start(pause.left(), run.name(), from, to, sessions)) {
                holding = Optional.of(watch);
                hold(current, next, proof, sessions, fence, history);
                pause.requireLeft();
                fence.makeDurable(fenced, watch::commit);
                steps.before("open");
                opening.commit();
            }
            reached = Settlement.Reached.OPENED;
            pause.end();
        } catch (LockstepException e) {
            throw holding.filter(PauseWatch::hasCut).isPresent() ? pause.over(e) : e;
        }
    }

    /// What has to be done while writes are held and can be let go still.
    private void hold(
            Replication current,
            Replication next,
            SwitchProof proof,
            SessionPair sessions,
            Fence fence,
            History history)
            throws InterruptedException {
        Session opening = sessions.standby();
        pause.endIdle(fence.session());
        steps.before("drain");
        current.drainReplicated(pause.left());
        begin(opening, fence);
        current.requirePublished(fence.session());
        steps.before("sequences");
        new SequenceCarrier(moved.sequences(state.from())).carry(fence.session(), opening);
        next.startAnewAt(writtenUpTo(opening), pause.left());
        accept(proof, opening, fence);
        pause.requireLeft();
        steps.before("intend");
        reached = Settlement.Reached.INTENT;
        run.append(history, new SwitchIntended(), pause.left());
        steps.before("fence");
    }

    private void accept(SwitchProof proof, Session opening, Fence fence) {
        Refusal opened = refusal(run, moved, state.from().other());
        pause.limit(opening);
        opening.run(Fence.locking(opened.tables()));
        opened.requireRefusing(opening);
        StrayNotes.requireNone(opening, run.name(), state.from().other());
        opened.accept(opening);
        SessionPair held = new SessionPair(fence.session(), opening);
        pause.limit(held.active(), held.standby());
        others = tables.require(held.active(), held.standby(), others);
        proof.requireStill(held, (_, _) -> pause.left());
    }

    private Fence raise(Session session, Refusal fenced) {
        List<TableName> sequences =
                moved.sequences(state.from()).keySet().stream().map(Sequence::name).toList();
        Fence.Wanted wanted = new Fence.Wanted(fenced.tables(), sequences);
        Blockers blockers =
                new Blockers(
                        session, wanted, run.plan().cutover().terminateBlockers(), steps::waiting);
        return Fence.raise(session, wanted, pause.left(), blockers);
    }

    /// Begins the transaction that opens the standby. Whichever of the two is on the target keeps
    /// the run.
    private void begin(Session opening, Fence fence) {
        opening.begin();
        LockRetry.preferOverVacuum(opening);
        LockRetry.endWithUs(opening, run.plan().cutover().maxPause());
        pause.limit(opening, fence.session());
        Session onTarget = state.from() == Side.TARGET ? fence.session() : opening;
        Lease.hold(onTarget, run.name(), run.epoch());
    }

    /// Finds out how far a failed switch came, and ends it one way or the other.
    private void settle(Settlement settlement, Throwable failure, long start)
            throws InterruptedException {
        boolean interrupted = Thread.interrupted();
        boolean stopped = failure instanceof InterruptedException || is(failure, Fault.INTERRUPTED);
        Settlement.Outcome outcome;
        try {
            outcome =
                    settlement.resolve(
                            new Settlement.Far(reached, pause, others),
                            millisSince(start),
                            reason(failure));
        } finally {
            // Else whoever cleans up would be interrupted once more.
            if (interrupted && !stopped) {
                Thread.currentThread().interrupt();
            }
        }
        if (outcome.forward()) {
            log.atWarn().setCause(failure).log("the switch came to its end after trouble");
            return;
        }
        if (stopped) {
            throw new InterruptedException(failure.getMessage());
        }
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure instanceof RuntimeException own && !(own instanceof LockstepException)) {
            throw own;
        }
        throw new LockstepException(
                is(failure, Fault.DIFFERENT) ? Fault.DIFFERENT : Fault.SWITCH_FAILED,
                "the switch was undone%s, writes go on where they were: %s%s"
                        .formatted(pause.after(), reason(failure), outcome.held()),
                failure);
    }

    private static String reason(Throwable failure) {
        return failure instanceof LockstepException own ? own.text() : String.valueOf(failure);
    }

    private static boolean is(Throwable failure, Fault fault) {
        return failure instanceof LockstepException own && own.fault() == fault;
    }

    /// Takes up a switch that a dead process left, or this one when it had trouble: forward if the
    /// old side refuses writes, else back. Returns why there was anything to take up.
    public String recover() {
        try (Gate gate = Gate.of(run.plan(), state.from())) {
            var _ =
                    new Settlement(run, moved, state, gate)
                            .resolve(
                                    new Settlement.Far(reached, pause, others),
                                    Pause.UNKNOWN,
                                    trouble);
        }
        return trouble;
    }

    /// Everything that the standby has committed so far was applied by Lockstep: its applier has
    /// nothing more to write and applications are refused.
    private static Lsn writtenUpTo(Session session) {
        return Lsn.parse(session.one("SELECT pg_current_wal_insert_lsn()"));
    }

    private static double millisSince(long nanos) {
        return (System.nanoTime() - nanos) / 1e6;
    }

    /// The stream that carries changes the other way once writes have moved.
    public static int nextStream(Switching state) {
        return state.stream() + 1;
    }
}
