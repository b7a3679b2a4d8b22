package dev.lockstep.orchestrator.run;

import dev.lockstep.orchestrator.run.RunEvent.AbortStarted;
import dev.lockstep.orchestrator.run.RunEvent.CaughtUp;
import dev.lockstep.orchestrator.run.RunEvent.CleanedUp;
import dev.lockstep.orchestrator.run.RunEvent.CompletionStarted;
import dev.lockstep.orchestrator.run.RunEvent.Contracted;
import dev.lockstep.orchestrator.run.RunEvent.Copied;
import dev.lockstep.orchestrator.run.RunEvent.DifferencesAccepted;
import dev.lockstep.orchestrator.run.RunEvent.Repaired;
import dev.lockstep.orchestrator.run.RunEvent.Resumed;
import dev.lockstep.orchestrator.run.RunEvent.SchemaExpanded;
import dev.lockstep.orchestrator.run.RunEvent.StandbyTouched;
import dev.lockstep.orchestrator.run.RunEvent.Started;
import dev.lockstep.orchestrator.run.RunEvent.SwitchIntended;
import dev.lockstep.orchestrator.run.RunEvent.SwitchStarted;
import dev.lockstep.orchestrator.run.RunEvent.SwitchUndone;
import dev.lockstep.orchestrator.run.RunEvent.Switched;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.orchestrator.run.RunState.Aborted;
import dev.lockstep.orchestrator.run.RunState.Aborting;
import dev.lockstep.orchestrator.run.RunState.CatchingUp;
import dev.lockstep.orchestrator.run.RunState.Completed;
import dev.lockstep.orchestrator.run.RunState.Contracting;
import dev.lockstep.orchestrator.run.RunState.Copying;
import dev.lockstep.orchestrator.run.RunState.Expanding;
import dev.lockstep.orchestrator.run.RunState.Failed;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.RunState.Planned;
import dev.lockstep.orchestrator.run.RunState.Switching;
import dev.lockstep.orchestrator.run.RunState.Verifying;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;

/// The one function that says which state follows. Pure; a restart folds the journal with it.
///
/// ```
/// planned -> expanding -> copying -> catching-up -> verifying -> in-step(source)
/// in-step(source) -> switching -> in-step(target)        cutover
/// in-step(target) -> switching -> in-step(source)        rollback
/// in-step(target) -> contracting -> completed            complete
/// any state with active = source -> aborting -> aborted  abort
/// aborted -> expanding                                   `run` once more
/// any state -> failed -> the same state                  a fault, and `run` after it
/// ```
public final class RunMachine {
    private RunMachine() {}

    /// The state after `event`; refuses an event that `state` does not know.
    public static RunState next(RunState state, RunEvent event) {
        return switch (event) {
            case RunEvent.Failed(String fault, String message) -> failed(state, fault, message);
            case AbortStarted(boolean keepTarget) -> aborting(state, keepTarget);
            case Resumed _ -> resumed(state, event);
            default -> forward(state, event);
        };
    }

    private static RunState failed(RunState state, String fault, String message) {
        return switch (state) {
            case Failed(RunState in, var _, var _) -> new Failed(in, fault, message);
            case Completed _, Aborted _ -> state;
            default -> new Failed(state, fault, message);
        };
    }

    private static RunState resumed(RunState state, RunEvent event) {
        if (state instanceof Failed failed) {
            return failed.in();
        }
        throw refused(state, event);
    }

    private static RunState aborting(RunState state, boolean keepTarget) {
        return switch (state) {
            case Planned _, Expanding _, Copying _, CatchingUp _, Verifying _ ->
                    new Aborting(0, keepTarget);
            case InStep(Side active, int stream) when active == Side.SOURCE ->
                    new Aborting(stream, keepTarget);
            case Aborting(int stream, boolean kept) -> new Aborting(stream, kept || keepTarget);
            case Failed failed -> aborting(failed.in(), keepTarget);
            case InStep _, Switching _, Contracting _, Completed _, Aborted _ ->
                    throw refused(state, new AbortStarted(keepTarget));
        };
    }

    private static RunState forward(RunState state, RunEvent event) {
        return switch (state) {
            case Planned _, Aborted _ when event instanceof Started -> new Expanding();
            case Expanding _ when event instanceof SchemaExpanded -> new Copying();
            case Copying _ when event instanceof Copied -> new CatchingUp();
            case CatchingUp _ when event instanceof CaughtUp -> new Verifying();
            case Verifying verifying when event instanceof Verified verified ->
                    verified.match() ? new InStep(Side.SOURCE, 0) : verifying;
            case Verifying verifying when event instanceof Repaired -> verifying;
            case InStep inStep -> fromInStep(inStep, event);
            case Switching switching -> fromSwitching(switching, event);
            case Contracting(int stream, boolean applied)
                    when event instanceof Contracted && !applied ->
                    new Contracting(stream, true);
            case Contracting(int _, boolean applied) when event instanceof CleanedUp && applied ->
                    new Completed();
            case Aborting _ when event instanceof CleanedUp -> new Aborted();
            case Planned _,
                    Expanding _,
                    Copying _,
                    CatchingUp _,
                    Verifying _,
                    Contracting _,
                    Aborting _,
                    Completed _,
                    Aborted _,
                    Failed _ ->
                    throw refused(state, event);
        };
    }

    private static RunState fromInStep(InStep state, RunEvent event) {
        return switch (event) {
            case Verified _, Repaired _, DifferencesAccepted _, StandbyTouched _ -> state;
            case SwitchStarted(Side to) when to != state.active() ->
                    new Switching(state.active(), state.stream(), false);
            case CompletionStarted _ when state.active() == Side.TARGET ->
                    new Contracting(state.stream(), false);
            default -> throw refused(state, event);
        };
    }

    private static RunState fromSwitching(Switching state, RunEvent event) {
        return switch (event) {
            case Verified verified when !verified.match() -> state;
            case DifferencesAccepted _ -> state;
            case SwitchIntended _ -> new Switching(state.from(), state.stream(), true);
            case SwitchUndone _ -> new InStep(state.from(), state.stream());
            case Switched _ -> new InStep(state.from().other(), state.stream() + 1);
            default -> throw refused(state, event);
        };
    }

    private static LockstepException refused(RunState state, RunEvent event) {
        String active =
                state.activeSide().map(side -> " with the " + side.label() + " active").orElse("");
        return new LockstepException(
                Fault.WRONG_STATE,
                "the run is %s%s; %s is not possible there"
                        .formatted(state.label(), active, event.getClass().getSimpleName()));
    }
}
