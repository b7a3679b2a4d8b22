package dev.lockstep.orchestrator.asking;

import dev.lockstep.orchestrator.conduct.Commands;
import dev.lockstep.orchestrator.conduct.Conductor;
import dev.lockstep.orchestrator.conduct.Serving;
import dev.lockstep.orchestrator.ending.Cleanup;
import dev.lockstep.orchestrator.opening.OpenRun;
import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.History;
import dev.lockstep.orchestrator.run.Interruption;
import dev.lockstep.orchestrator.run.Journal;
import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.Requests.Outcome;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.Stop;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.plans.fault.ExitCode;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// Has a command done: by the process that works on the run, or here where there is none. The
/// process lives, also after Ctrl-C, until this is closed: whoever asked has to tell what came of
/// it.
public final class Asking implements AutoCloseable {
    private static final Duration LEFT_MAX = Duration.ofSeconds(40);

    private static final String LEAVING = "the process that has the run is still about to leave it";
    private static final String NOBODY =
            "nobody works on the run now, so what is written gathers as WAL: `run` carries it";

    private final Plan plan;
    private final Db source;
    private final Db target;
    private final InstantSource clock;
    private @Nullable Interruption interruption;

    public Asking(Plan plan, Db source, Db target, InstantSource clock) {
        this.plan = plan;
        this.source = source;
        this.target = target;
        this.clock = clock;
    }

    /// What came of it.
    ///
    /// @param watcher is told how it goes
    public Outcome ask(Asked asked, Watcher watcher) {
        History history = new Journal(target, plan.name()).history();
        RunState state = history.state();
        if (state instanceof RunState.Planned || state.isFinal()) {
            throw new LockstepException(
                    Fault.WRONG_STATE,
                    "run \"%s\" is %s; `%s` needs a run that is under way"
                            .formatted(plan.name(), state.label(), asked.command()));
        }
        try {
            Waiting waiting = new Waiting(this, target, plan.name(), asked, watcher);
            Outcome outcome = waiting.outcome();
            if (asked.isEnding() && outcome.exit() == ExitCode.DONE) {
                awaitGone(waiting.worker(), watcher);
            }
            return outcome;
        } finally {
            if (asked.isEnding()) {
                Cleanup.leaveJournal(target);
            }
        }
    }

    /// From the first call on, Ctrl-C leaves time to tell what came of it.
    Stop stop() {
        Interruption watching = interruption;
        if (watching == null) {
            watching = Interruption.watch();
            interruption = watching;
        }
        return watching.stop();
    }

    /// Whether the run has what is asked for.
    boolean isDone(Asked asked) {
        return asked.isDone(new Journal(target, plan.name()).history().state());
    }

    /// Who has the run, if somebody does.
    Optional<String> worker() {
        return OpenRun.holder(plan, target).map(Lease.Holder::name);
    }

    /// Whoever has ended the run leaves only the journal, and then the run.
    private void awaitGone(Optional<String> worker, Watcher watcher) {
        Stop rest = new Stop();
        long start = System.nanoTime();
        try {
            while (worker.isPresent() && worker().equals(worker)) {
                if (System.nanoTime() - start > LEFT_MAX.toNanos()) {
                    watcher.say(LEAVING);
                    return;
                }
                rest.rest(Waiting.POLL);
            }
        } catch (LockstepException e) {
            // What came of it is known, whatever keeps us from seeing the end of that.
            boolean _ = Thread.interrupted();
            watcher.say(LEAVING);
        }
    }

    /// Does it in this process.
    Outcome here(Asked asked, Watcher watcher) {
        try (OpenRun open =
                OpenRun.take(plan, source, target, OpenRun.folder(plan), clock, asked.command())) {
            Stop stop = stop();
            open.lease().keep(stop::ask);
            stop.throwIfAsked();
            Conductor conductor = new Conductor(open.run(), stop, watcher);
            Serving serving = new Serving(conductor, stop, watcher, false);
            AtomicBoolean begun = new AtomicBoolean();
            Outcome outcome =
                    serving.once(
                            asked.needsStream(),
                            commands ->
                                    begun.getAndSet(true) && isDone(asked)
                                            ? Commands.doneAfterTrouble(asked)
                                            : perform(commands, conductor, asked));
            if (asked.isSwitch() && outcome.exit() == ExitCode.DONE) {
                watcher.say(NOBODY);
            }
            return outcome;
        }
    }

    private static Outcome perform(Commands commands, Conductor conductor, Asked asked)
            throws InterruptedException {
        try {
            return commands.perform(asked);
        } catch (LockstepException e) {
            if (e.fault() == Fault.INTERNAL || Commands.isHalfDone(conductor.state(), e)) {
                throw e;
            }
            return Commands.refused(e);
        }
    }

    @Override
    public void close() {
        Interruption watching = interruption;
        if (watching != null) {
            watching.close();
        }
    }
}
