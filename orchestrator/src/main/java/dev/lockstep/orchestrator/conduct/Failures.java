package dev.lockstep.orchestrator.conduct;

import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.RunEvent;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.time.Instant;
import java.util.Optional;

/// Tells the faults that are a run's own, and so go into its journal, from those of a command or of
/// a process.
final class Failures {
    private Failures() {}

    /// Stores the failure, where it is the run's and can be stored, and returns it.
    static LockstepException stored(Conductor conductor, LockstepException e) {
        if (isOfTheRun(e.fault(), conductor.state())) {
            try {
                conductor.append(new RunEvent.Failed(e.fault().name(), e.text()));
            } catch (LockstepException second) {
                e.addSuppressed(second);
            }
        }
        return e;
    }

    /// What became of a command whose process died over it, as the process tells that is in its
    /// place.
    ///
    /// @param since when that process took it on
    static LockstepException cameToNothing(
            Conductor conductor, Asked asked, Optional<Instant> since) {
        RunState state = conductor.state();
        Optional<String> why =
                since.filter(_ -> asked.isSwitch()).flatMap(conductor.run().journal()::whyUndone);
        return new LockstepException(
                asked.isSwitch() ? Fault.SWITCH_FAILED : Fault.LEASE_LOST,
                "%s came to nothing: %s; the run is %s: ask again"
                        .formatted(
                                asked.command(),
                                why.orElse("the process that was asked ended over it"),
                                told(state)));
    }

    /// What became of a command that who asked for it took back in its middle.
    static LockstepException recalled(Conductor conductor, Asked asked) {
        return new LockstepException(
                Fault.INTERRUPTED,
                "%s was taken back%s; the run is %s"
                        .formatted(
                                asked.command(),
                                asked.isSwitch() ? ", and nothing has come of it" : "",
                                told(conductor.state())));
    }

    private static String told(RunState state) {
        return state.label()
                + state.activeSide().map(side -> ", active: " + side.label()).orElse("");
    }

    private static boolean isOfTheRun(Fault fault, RunState state) {
        return switch (fault) {
            case WRONG_STATE, INTERRUPTED, LEASE_LOST, NAME_IN_USE, PLAN_INVALID -> false;
            case SWITCH_FAILED, OWNERSHIP_UNKNOWN -> false;
            case PRECONDITION, DIFFERENT -> !(state instanceof RunState.InStep);
            default -> true;
        };
    }
}
