package dev.lockstep.orchestrator.conduct;

import dev.lockstep.cdc.Replication;
import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.Requests.Request;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.run.Stop;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;

/// A process' work on a run from beginning to end: brings it forward, keeps it flowing, answers
/// what other processes ask, takes a broken stream up again, and reports.
public final class Serving {
    private static final Duration POLL = Duration.ofMillis(100);

    private final Conductor conductor;
    private final Stop stop;
    private final Watcher watcher;
    private final Answers answers;
    private final Reporter reporter;
    private final boolean cutOver;

    /// @param cutOver whether writes are to move to the target as soon as the run is in step
    public Serving(Conductor conductor, Stop stop, Watcher watcher, boolean cutOver) {
        this.cutOver = cutOver;
        this.conductor = conductor;
        this.stop = stop;
        this.watcher = watcher;
        this.answers = new Answers(conductor, stop, watcher);
        this.reporter = new Reporter(conductor, watcher);
    }

    /// Work on a conductor that is in step.
    @FunctionalInterface
    public interface Task<T> {
        T perform(Commands commands) throws InterruptedException;
    }

    /// Brings the run forward and keeps it flowing until `enough` says so, or the run is over.
    public void until(Predicate<RunState> enough) {
        answers.letAbortStop();
        var _ = guarded(() -> serve(enough), this::abortAsAsked);
    }

    private boolean serve(Predicate<RunState> enough) throws InterruptedException {
        try (Continuous continuous = new Continuous(conductor, watcher)) {
            return serve(enough, continuous);
        }
    }

    private boolean serve(Predicate<RunState> enough, Continuous continuous)
            throws InterruptedException {
        conductor.begin();
        conductor.advance();
        answers.toHalfDone();
        while (true) {
            conductor.advance();
            cutOverOnce();
            if (enough.test(conductor.state()) || conductor.state().isFinal()) {
                return true;
            }
            Optional<Request> asked = answers.claim();
            if (asked.isPresent()) {
                continuous.stop();
                if (!answers.answer(asked.get())) {
                    takeUpAnew();
                }
            }
            // A switch whose stream back did not come up leaves none: it is opened by the next
            // advance.
            Optional<Replication> flowing = conductor.streaming();
            if (conductor.state() instanceof InStep && flowing.isPresent()) {
                flowing.get().throwIfFailed();
                continuous.look();
                if (conductor.flow().lookForDrift()) {
                    conductor.watchStandby();
                }
                stop.pause(POLL);
            }
        }
    }

    /// Goes on after what was left in its middle.
    private void takeUpAnew() throws InterruptedException {
        conductor.close();
        conductor.begin();
        conductor.advance();
        answers.toHalfDone();
    }

    /// Brings the run into step and then does `task`.
    public <T> T inStep(Task<T> task) {
        return guarded(
                () -> {
                    conductor.begin();
                    conductor.advance();
                    return task.perform(new Commands(conductor));
                },
                this::stopped);
    }

    /// Performs one command on a run as it was left.
    ///
    /// @param flowing whether changes have to flow for it
    public <T> T once(boolean flowing, Task<T> task) {
        return guarded(
                () -> {
                    takeUp(flowing);
                    return task.perform(new Commands(conductor));
                },
                this::stopped);
    }

    private void takeUp(boolean flowing) throws InterruptedException {
        conductor.refresh();
        RunState in = conductor.state().at();
        if (in instanceof RunState.Switching || (in instanceof InStep && flowing)) {
            conductor.begin();
            conductor.advance();
        } else if (in instanceof RunState.Verifying && flowing) {
            conductor.begin();
            var _ = conductor.flow().apply(0);
        } else if (in instanceof InStep || in instanceof RunState.Contracting) {
            conductor.begin();
        }
    }

    private interface Work<T> {
        T attempt() throws InterruptedException;
    }

    /// Runs `work`; what may pass is tried again with new connections, what does not is stored as
    /// the run's failure. When it was asked to stop, `onStop` is what is left to do.
    private <T> T guarded(Work<T> work, Work<T> onStop) {
        try (reporter) {
            reporter.start(answers::lookBesides);
            return repeated(work, onStop);
        } finally {
            conductor.close();
        }
    }

    private <T> T repeated(Work<T> work, Work<T> onStop) {
        Attempts attempts = new Attempts();
        for (boolean again = false; ; again = true) {
            attempts.start();
            try {
                if (again) {
                    conductor.run().kafka().revive();
                }
                return work.attempt();
            } catch (InterruptedException e) {
                return stopping(onStop);
            } catch (LockstepException e) {
                if (isStopped() || e.fault() == Fault.INTERRUPTED) {
                    return stopping(onStop);
                }
                giveUpOrPause(e, attempts.pauseAfter(e, conductor.state()));
            } catch (RuntimeException | AssertionError e) {
                if (isStopped()) {
                    return stopping(onStop);
                }
                throw Failures.stored(
                        conductor,
                        new LockstepException(Fault.INTERNAL, "Lockstep itself failed: " + e, e));
            }
        }
    }

    /// What is interrupted fails in many ways; some only leave the thread's own mark.
    private boolean isStopped() {
        return stop.isAsked() || Thread.currentThread().isInterrupted();
    }

    /// What is left to do must not be interrupted by the same request once more.
    @SuppressWarnings("InterruptedInCatchBlock")
    private <T> T stopping(Work<T> onStop) {
        boolean _ = Thread.interrupted();
        try {
            return onStop.attempt();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LockstepException(Fault.INTERRUPTED, "interrupted; the run is kept", e);
        }
    }

    @SuppressWarnings("TypeParameterUnusedInFormals")
    private <T> T stopped() {
        throw stop.reason()
                .orElseGet(() ->
                        new LockstepException(Fault.INTERRUPTED, "interrupted; the run is kept"));
    }

    private boolean abortAsAsked() {
        if (!answers.abortIfAsked()) {
            return stopped();
        }
        return true;
    }

    private void giveUpOrPause(LockstepException e, OptionalLong pause) {
        stop.throwIfAsked();
        long millis = pause.orElseThrow(() -> Failures.stored(conductor, e));
        reporter.tellTrouble(e.told());
        watcher.say("%s; trying again in %d ms".formatted(e.text(), millis));
        conductor.close();
        try {
            stop.pause(Duration.ofMillis(millis));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            stop.throwIfAsked();
        }
    }

    private void cutOverOnce() throws InterruptedException {
        if (cutOver
                && conductor.state() instanceof InStep inStep
                && inStep.active() == Side.SOURCE
                && inStep.stream() == 0) {
            watcher.say(new Commands(conductor).perform(Asked.of("cutover")).text());
        }
    }
}
