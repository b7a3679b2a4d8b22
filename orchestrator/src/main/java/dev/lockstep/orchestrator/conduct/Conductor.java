package dev.lockstep.orchestrator.conduct;

import dev.lockstep.cdc.Replication;
import dev.lockstep.cdc.backfill.TableProgress;
import dev.lockstep.orchestrator.ending.Cleanup;
import dev.lockstep.orchestrator.ending.LastingFence;
import dev.lockstep.orchestrator.guard.Guard;
import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.History;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunEvent;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.Stop;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.orchestrator.stage.Copying;
import dev.lockstep.orchestrator.stage.Streams;
import dev.lockstep.orchestrator.switching.StepListener;
import dev.lockstep.orchestrator.verify.OtherChecks;
import dev.lockstep.orchestrator.verify.Verification;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Brings a run forward, state by state: does the work, stores what happened, believes it. The
/// streams of the run live here, from the first chunk to the end.
///
/// Thread rule: one thread drives; [#copyProgress] and [#streaming] may be asked from others.
public final class Conductor implements AutoCloseable {
    private static final Duration CATCH_UP_MAX = Duration.ofDays(7);

    private final Run run;
    private final Stop stop;
    private final Watcher watcher;
    private final Schema schema;
    private volatile History history;
    private final Flow flow;
    private final Copying copying;
    private final Guard guard;
    private final Doing doing;
    private final SwitchOver switchOver;

    public Conductor(Run run, Stop stop, Watcher watcher) {
        this.run = run;
        this.stop = stop;
        this.watcher = watcher;
        this.doing = new Doing(watcher);
        this.schema = new Schema(run);
        this.copying = new Copying(run);
        this.flow = new Flow(run, this::history);
        this.guard = new Guard(run);
        this.switchOver = new SwitchOver(this, guard, watcher);
        this.history = run.journal().history();
    }

    /// Has each step of a switch announced; for tests that die there.
    public void listenTo(StepListener listener) {
        doing.passTo(listener);
    }

    public History history() {
        return history;
    }

    /// What a command has the run do, or wait for, if one does; for people.
    Optional<String> doing() {
        return flow.now().flatMap(Replication::waitsFor).or(doing::what);
    }

    /// Where to say what the run is at.
    Doing atWork() {
        return doing;
    }

    public Run run() {
        return run;
    }

    /// Does what the present state asks for, until the run is in step or over.
    public History advance() throws InterruptedException {
        while (!(state() instanceof InStep) && !state().isFinal()) {
            stop.throwIfAsked();
            watcher.entered(state());
            step();
        }
        if (state() instanceof InStep inStep) {
            watcher.entered(inStep);
            flow.resume(inStep.stream());
        }
        return history;
    }

    /// Starts an aborted or new run, or takes up a failed one. What was stored before counts, also
    /// where this process has not heard so.
    public void begin() {
        refresh();
        switch (state()) {
            case RunState.Planned _, RunState.Aborted _ -> append(new RunEvent.Started());
            case RunState.Failed _ -> append(new RunEvent.Resumed());
            default -> {}
        }
    }

    /// Reads the journal again.
    public void refresh() {
        history = run.journal().history();
    }

    public RunState state() {
        return history.state();
    }

    public void append(RunEvent event) {
        history = run.append(event);
        if (event instanceof RunEvent.Verified verified && verified.match()) {
            flow.keepChanges();
        }
    }

    private void step() throws InterruptedException {
        switch (state()) {
            case RunState.Planned _, RunState.Failed _ -> begin();
            case RunState.Expanding _ -> {
                schema.expand();
                append(new RunEvent.SchemaExpanded());
            }
            case RunState.Copying _ -> copy();
            case RunState.CatchingUp _ -> catchUp();
            case RunState.Verifying _ -> verifyFirst();
            case RunState.Switching switching -> switchOver.recover(switching);
            case RunState.Contracting contracting -> contract(contracting);
            case RunState.Aborting aborting -> cleanUp(aborting);
            case InStep _, RunState.Completed _, RunState.Aborted _ -> {}
        }
    }

    private void copy() throws InterruptedException {
        Replication flowing = flow.capture(0);
        long rows =
                copying.copy(
                        flow.moved(),
                        () -> {
                            flowing.throwIfFailed();
                            return stop.isAsked();
                        });
        schema.keys(flow.moved());
        flow.refresh();
        append(new RunEvent.Copied(rows));
    }

    private void catchUp() throws InterruptedException {
        Replication flowing = flow.apply(0);
        int again = flowing.finishOverlap(CATCH_UP_MAX);
        if (schema.hasRest()) {
            // Index builds and the applier would wait for each other's locks.
            flowing.stopApply();
            schema.rest(flow.moved());
            flow.refresh();
            flowing.startApply(Streams.routes(run, flow.moved(), 0));
        }
        schema.analyze(flow.moved());
        flowing.drain(CATCH_UP_MAX);
        append(new RunEvent.CaughtUp(again));
    }

    private void verifyFirst() throws InterruptedException {
        flow.apply(0);
        Verification.Result found = checks(Asked.of("")).verify(List.of());
        if (!found.verified().match()) {
            throw Verification.different(found.verified());
        }
        if (!found.findings().isEmpty()) {
            watcher.say("rows are the same" + OtherChecks.text(found.findings()));
        }
    }

    /// What compares both databases.
    ///
    /// @param asked for what
    Checks checks(Asked asked) {
        return new Checks(this, watcher, asked);
    }

    /// The stream and the tables that it carries.
    Flow flow() {
        return flow;
    }

    /// Moves writes to the other side.
    SwitchOver switchOver() {
        return switchOver;
    }

    /// Tells of what came to the standby past its refusal.
    void watchStandby() {
        if (state() instanceof InStep inStep) {
            guard.look(flow.moved(), inStep.active().other(), w -> history.isTold(w), this::append);
        }
    }

    /// Tells apart the times before and after the standby was found touched.
    long touches() {
        return guard.touches();
    }

    /// Gives up the way back: contract folder, then nothing of the run's is left.
    public void contract(RunState.Contracting contracting) {
        watcher.entered(state());
        flow.close();
        if (!contracting.applied()) {
            schema.contract();
            append(new RunEvent.Contracted());
        }
        new LastingFence(run).raiseIfWanted(flow.moved());
        Cleanup cleanup = new Cleanup(run);
        cleanup.streams(contracting.stream());
        end(cleanup);
    }

    /// Gives up the run; the target loses the run's rows, unless they are to stay.
    public void cleanUp(RunState.Aborting aborting) {
        watcher.entered(state());
        flow.close();
        Cleanup cleanup = new Cleanup(run);
        cleanup.streams(aborting.stream());
        if (!aborting.keepTarget()) {
            schema.undo(flow.moved());
        }
        end(cleanup);
    }

    private void end(Cleanup cleanup) {
        cleanup.triggers(flow.moved());
        cleanup.source();
        cleanup.target();
        append(new RunEvent.CleanedUp());
    }

    /// The stream that flows now.
    public Replication flowing() {
        return flow.flowing();
    }

    /// How the copy is doing; as it was left where it is over.
    public List<TableProgress> copyProgress() {
        return copying.progress();
    }

    /// How the stream is doing, if one flows.
    public Optional<Replication> streaming() {
        return flow.now();
    }

    /// Ends this process' part in the stream; what is in the databases and the log stays, and it
    /// may be opened again.
    @Override
    public void close() {
        flow.close();
    }
}
