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
import dev.lockstep.plans.fault.ExitCode;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Does what other processes ask of the one that has the run, and answers.
///
/// Thread rule: the thread that made it drives the run and answers; another one looks on for what
/// comes besides.
final class Answers {
    private static final Logger log = LoggerFactory.getLogger(Answers.class);

    private final Conductor conductor;
    private final Stop stop;
    private final Watcher watcher;
    private final Requests requests;
    private final Thread driver = Thread.currentThread();
    private final AtomicBoolean abortAsked = new AtomicBoolean();
    private volatile boolean abortable;
    private OptionalLong atHand = OptionalLong.empty();
    private boolean recalled;

    Answers(Conductor conductor, Stop stop, Watcher watcher) {
        this.conductor = conductor;
        this.stop = stop;
        this.watcher = watcher;
        this.requests = new Requests(conductor.run().target(), conductor.run().name());
    }

    /// From now on an abort stops what the run is at, if nothing else does.
    void letAbortStop() {
        abortable = true;
    }

    /// Takes on one thing that is asked; the others can be taken back until their turn comes.
    Optional<Request> claim() {
        return requests.open().stream().filter(requests::claim).findFirst();
    }

    /// Does what is asked, and answers. False where it was recalled and left in its middle: then
    /// the run has to be taken up as after trouble, and [#toHalfDone] tells what came of it.
    boolean answer(Request request) {
        Outcome outcome;
        begin(request.id());
        try {
            outcome = outcome(request);
            boolean _ = end();
        } catch (LockstepException e) {
            if (isLeft(e)) {
                return false;
            }
            if (Commands.isHalfDone(conductor.state(), e)) {
                throw e;
            }
            outcome = Commands.refused(e);
        } catch (InterruptedException e) {
            if (isLeft(e)) {
                return false;
            }
            Thread.currentThread().interrupt();
            outcome =
                    new Outcome(
                            ExitCode.INTERRUPTED, "the process that was asked is being stopped");
        } catch (RuntimeException | AssertionError e) {
            if (isLeft(e)) {
                return false;
            }
            throw e;
        }
        requests.answer(request.id(), outcome);
        watcher.say(request.command() + ": " + outcome.text());
        return true;
    }

    private Outcome outcome(Request request) throws InterruptedException {
        Asked asked = asked(request);
        return requests.isRecalled(request.id())
                ? Commands.refused(Failures.recalled(conductor, asked))
                : new Commands(conductor).perform(asked);
    }

    /// Whether a failure is that of what was interrupted because it was recalled, which can fail in
    /// many ways.
    private boolean isLeft(Throwable failure) {
        boolean left = end();
        if (left) {
            log.atDebug().setCause(failure).log("what was recalled is left");
        }
        return left;
    }

    private synchronized void begin(long id) {
        atHand = OptionalLong.of(id);
        recalled = false;
    }

    /// Whether the work was interrupted because it was recalled. That interrupts nothing that comes
    /// after.
    private synchronized boolean end() {
        atHand = OptionalLong.empty();
        if (!recalled) {
            return false;
        }
        boolean _ = Thread.interrupted();
        if (stop.isAsked()) {
            Thread.currentThread().interrupt();
            return false;
        }
        return true;
    }

    private synchronized OptionalLong atHand() {
        return recalled ? OptionalLong.empty() : atHand;
    }

    private synchronized void interrupt(long id) {
        if (atHand().equals(OptionalLong.of(id)) && !stop.isAsked()) {
            recalled = true;
            driver.interrupt();
        }
    }

    /// Answers what was taken on before trouble came, maybe by another process.
    void toHalfDone() {
        requests.halfDone().forEach(this::tellWhatCameOfIt);
    }

    private void tellWhatCameOfIt(Request request) {
        Asked asked = asked(request);
        Outcome outcome =
                asked.isDone(conductor.state())
                        ? Commands.doneAfterTrouble(asked)
                        : Commands.refused(
                                request.recalled()
                                        ? Failures.recalled(conductor, asked)
                                        : Failures.cameToNothing(
                                                conductor,
                                                asked,
                                                requests.claimedAt(request.id())));
        requests.answer(request.id(), outcome);
        watcher.say(request.command() + ": " + outcome.text());
    }

    /// Has the run given up, if that is what it was stopped for; false where it was not.
    boolean abortIfAsked() {
        if (!abortAsked.get()) {
            return false;
        }
        requests.open().stream()
                .filter(request -> request.command().equals("abort") && requests.claim(request))
                .forEach(this::answer);
        return true;
    }

    /// Looks for what comes while something else is done: the recall of that, but of an ending,
    /// from which there is no way back; and, while the run is not in step, whatever is asked: abort
    /// stops the work at hand, all else has to wait for its time. In a switch or an ending the open
    /// request may be what brought the run there; what else comes then is answered after it.
    void lookBesides() {
        RunState state = conductor.state();
        if (state.isFinal() || isEnding(state)) {
            return;
        }
        OptionalLong id = atHand();
        if (id.isPresent() && requests.isRecalled(id.getAsLong())) {
            interrupt(id.getAsLong());
        }
        if (state instanceof InStep) {
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
}
