package dev.lockstep.orchestrator.conduct;

import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.Requests;
import dev.lockstep.orchestrator.run.Requests.Outcome;
import dev.lockstep.orchestrator.run.Requests.Request;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.run.Stop;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;

/// A process' work on a run from beginning to end: brings it forward, keeps it flowing, answers
/// what other processes ask, takes a broken stream up again, and reports.
public final class Serving {
    private static final Duration POLL = Duration.ofMillis(100);

    private final Conductor conductor;
    private final Stop stop;
    private final Watcher watcher;
    private final Requests requests;
    private final Reporter reporter;
    private final boolean cutOver;
    private boolean abortable;
    private final AtomicBoolean abortAsked = new AtomicBoolean();

    /// @param cutOver whether writes are to move to the target as soon as the run is in step
    public Serving(Conductor conductor, Stop stop, Watcher watcher, boolean cutOver) {
        this.cutOver = cutOver;
        this.conductor = conductor;
        this.stop = stop;
        this.watcher = watcher;
        this.requests = new Requests(conductor.run().target(), conductor.run().name());
        this.reporter = new Reporter(conductor, watcher);
    }

    /// Work on a conductor that is in step.
    @FunctionalInterface
    public interface Task<T> {
        T perform(Commands commands) throws InterruptedException;
    }

    /// Brings the run forward and keeps it flowing until `enough` says so, or the run is over.
    public void until(Predicate<RunState> enough) {
        abortable = true;
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
        requests.halfDone().forEach(this::tellWhatCameOfIt);
        while (true) {
            conductor.advance();
            cutOverOnce();
            if (enough.test(conductor.state()) || conductor.state().isFinal()) {
                return true;
            }
            List<Request> asked = requests.open().stream().filter(requests::claim).toList();
            if (!asked.isEmpty()) {
                continuous.stop();
                asked.forEach(this::answer);
            }
            if (conductor.state() instanceof InStep) {
                conductor.flowing().throwIfFailed();
                continuous.look();
                if (conductor.flow().lookForDrift()) {
                    conductor.watchStandby();
                }
                stop.pause(POLL);
            }
        }
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
        RunState state = conductor.state();
        RunState in = state instanceof RunState.Failed failed ? failed.in() : state;
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
            reporter.start(this::answerBesides);
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
        if (!abortAsked.get()) {
            return stopped();
        }
        requests.open().stream()
                .filter(request -> request.command().equals("abort") && requests.claim(request))
                .forEach(this::answer);
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

    private void answer(Request request) {
        Outcome outcome;
        try {
            outcome = new Commands(conductor).perform(asked(request));
        } catch (LockstepException e) {
            if (Commands.isHalfDone(conductor.state(), e)) {
                throw e;
            }
            outcome = Commands.refused(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            outcome = new Outcome(130, "the process that was asked is being stopped");
        }
        requests.answer(request.id(), outcome);
        watcher.say(request.command() + ": " + outcome.text());
    }

    /// The answer to what was taken on before trouble came, maybe by another process.
    private void tellWhatCameOfIt(Request request) {
        Asked asked = asked(request);
        requests.answer(
                request.id(),
                asked.isDone(conductor.state())
                        ? Commands.doneAfterTrouble(asked)
                        : Commands.refused(
                                Failures.cameToNothing(
                                        conductor, asked, requests.claimedAt(request.id()))));
    }

    private static Asked asked(Request request) {
        return Asked.of(request.command(), request.arguments());
    }

    private static boolean isEnding(RunState state) {
        return state instanceof RunState.Aborting || state instanceof RunState.Contracting;
    }

    private static LockstepException notInStep(RunState state, Request request) {
        return new LockstepException(
                Fault.WRONG_STATE,
                "the run is %s; `%s` needs it in step: wait for that and try again"
                        .formatted(state.label(), request.command()));
    }

    private static boolean mayAbort(RunState state) {
        return state.activeSide().equals(Optional.of(Side.SOURCE));
    }

    /// Answers what comes while the run is not in step: abort stops the work at hand, all else has
    /// to wait for its time. In a switch or an ending the open request may be what brought the run
    /// there; what else comes then is answered after it.
    private void answerBesides() {
        RunState state = conductor.state();
        if (state instanceof InStep || state.isFinal() || isEnding(state)) {
            return;
        }
        for (Request request : requests.open()) {
            if (request.command().equals("abort") && abortable && mayAbort(state)) {
                if (abortAsked.compareAndSet(false, true)) {
                    stop.interrupt();
                }
            } else if (!(state instanceof RunState.Switching)) {
                if (requests.claim(request)) {
                    requests.answer(request.id(), Commands.refused(notInStep(state, request)));
                }
            }
        }
    }
}
