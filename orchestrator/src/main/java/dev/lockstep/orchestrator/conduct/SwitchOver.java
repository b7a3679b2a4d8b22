package dev.lockstep.orchestrator.conduct;

import dev.lockstep.cdc.Replication;
import dev.lockstep.orchestrator.guard.Guard;
import dev.lockstep.orchestrator.report.SwitchEvidence;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunEvent;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.RunState.Switching;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.orchestrator.stage.Streams;
import dev.lockstep.orchestrator.switching.LastLook;
import dev.lockstep.orchestrator.switching.StepListener;
import dev.lockstep.orchestrator.switching.Switch;
import dev.lockstep.orchestrator.verify.SwitchProof;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Moves a run's writes to the other side, and takes up what was left of that.
///
/// Thread rule: one thread, the one that drives the run.
final class SwitchOver {
    private static final Logger log = LoggerFactory.getLogger(SwitchOver.class);

    private static final String UNDONE = "the switch was undone, writes go on where they were";

    private final Conductor conductor;
    private final Guard guard;
    private final Watcher watcher;
    private Optional<Switch> underway = Optional.empty();

    SwitchOver(Conductor conductor, Guard guard, Watcher watcher) {
        this.conductor = conductor;
        this.guard = guard;
        this.watcher = watcher;
    }

    /// Moves them.
    ///
    /// @param proof that both sides are the same
    /// @param last is done just before writes are held
    /// @param evidence is told of each step
    void perform(SwitchProof proof, LastLook last, SwitchEvidence evidence)
            throws InterruptedException {
        Run run = conductor.run();
        Flow flow = conductor.flow();
        InStep inStep = (InStep) conductor.state();
        guard.forget();
        underway = Optional.empty();
        conductor.append(new RunEvent.SwitchStarted(inStep.active().other()));
        watcher.entered(conductor.state());
        Switching switching = (Switching) conductor.state();
        StepListener heard = evidence.before(conductor.atWork());
        Switch moving = new Switch(run, flow.moved(), switching, heard);
        try {
            underway = Optional.of(moving);
            Replication next = moving.perform(flow.flowing(), proof, last);
            conductor.refresh();
            heard.before("turn");
            flow.turnTo(next);
        } catch (RuntimeException | InterruptedException | AssertionError e) {
            undone(inStep, switching, e);
            throw e;
        } finally {
            conductor.atWork().end();
        }
        Guard.attempt(flow::keepChanges);
        Guard.attempt(conductor::watchStandby);
        watcher.entered(conductor.state());
    }

    private void undone(InStep before, Switching switching, Throwable failure) {
        boolean interrupted = Thread.interrupted();
        try {
            undo(before, switching, failure);
        } catch (LockstepException e) {
            if (conductor.state() instanceof Switching) {
                throw new LockstepException(
                        e.fault(), "%s; and %s".formatted(failure.getMessage(), e.text()), failure);
            }
            log.atWarn().setCause(e).log("what a switch has left is removed later by the run");
        } finally {
            // Else what undoes it would be interrupted once more.
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void undo(InStep before, Switching switching, Throwable failure) {
        conductor.refresh();
        if (conductor.state() instanceof Switching left && !left.intended()) {
            conductor.append(new RunEvent.SwitchUndone(String.valueOf(failure.getMessage()), 0));
        }
        if (conductor.state() instanceof InStep back && back.stream() == before.stream()) {
            if (isStop(failure)) {
                watcher.say(UNDONE);
            }
            Streams.remove(conductor.run(), Switch.nextStream(switching));
        } else {
            conductor.flow().close();
        }
    }

    /// Other failures are told with what came of them.
    private static boolean isStop(Throwable failure) {
        return failure instanceof InterruptedException
                || (failure instanceof LockstepException own && own.fault() == Fault.INTERRUPTED);
    }

    /// Brings a switch to its end that was left half way.
    void recover(Switching switching) {
        Run run = conductor.run();
        Flow flow = conductor.flow();
        SwitchEvidence evidence =
                SwitchEvidence.begin(run, flow.moved(), switching.from().other(), "");
        Switch left =
                underway.orElseGet(
                        () -> new Switch(run, flow.moved(), switching, conductor.atWork()));
        String reason = left.recover();
        flow.close();
        conductor.refresh();
        evidence.write(conductor.history(), reason);
        if (conductor.state() instanceof InStep back && back.active() == switching.from()) {
            watcher.say(UNDONE + ": " + reason);
        }
    }
}
