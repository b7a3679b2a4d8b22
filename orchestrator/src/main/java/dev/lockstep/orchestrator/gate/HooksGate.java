package dev.lockstep.orchestrator.gate;

import dev.lockstep.orchestrator.gate.Passage.Occasion;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.gate.GateSpec;
import dev.lockstep.plans.gate.GateSpec.Action;
import dev.lockstep.plans.gate.GateSpec.Hook;
import dev.lockstep.plans.gate.GateSpec.Moment;
import java.time.Duration;
import java.util.Optional;

/// The operator's commands and calls. A hook that fails is taken back by its own undo before
/// anything else is done; the undo of hold lets clients go where there is no other way on.
final class HooksGate implements Gate {
    private final GateSpec.Hooks hooks;
    private final Passage passage;

    HooksGate(GateSpec.Hooks hooks, Passage passage) {
        this.hooks = hooks;
        this.passage = passage;
    }

    @Override
    public void check(Problems problems) {
        hooks.hooks()
                .forEach((moment, hook) -> {
                    check(new Occasion(moment, false), hook.action(), problems);
                    hook.undo().ifPresent(u -> check(new Occasion(moment, true), u, problems));
                });
    }

    private void check(Occasion occasion, Action action, Problems problems) {
        if (action instanceof Action.Command command
                && !CommandHook.isThere(command, passage.folder())) {
            problems.add(
                    ("hook %s: %s is no program that can be started, neither by its path (seen from"
                                    + " \"%s\") nor by PATH")
                            .formatted(occasion, command, passage.folder()));
        }
    }

    @Override
    public boolean holds() {
        return true;
    }

    @Override
    public void prepare() {}

    @Override
    public void hold(Duration atMost) {
        Hook hook = hooks.hooks().get(Moment.HOLD);
        if (hook != null) {
            Duration limit = atMost.compareTo(hook.timeout()) < 0 ? atMost : hook.timeout();
            perform(new Occasion(Moment.HOLD, false), hook.action(), limit);
        }
    }

    @Override
    public void move() {
        performOrTakeBack(Moment.MOVE);
    }

    @Override
    public void release() {
        performOrTakeBack(Moment.RELEASE);
    }

    /// Whether hold was done is not known here: the process that did it may have died.
    @Override
    public void undo() {
        takeBack(Moment.HOLD);
    }

    private void performOrTakeBack(Moment moment) {
        Hook hook = hooks.hooks().get(moment);
        if (hook == null) {
            return;
        }
        try {
            perform(new Occasion(moment, false), hook.action(), hook.timeout());
        } catch (LockstepException e) {
            if (e.fault() == Fault.INTERRUPTED) {
                // Whoever interrupts would end the undo, too, and the hook is done again.
                throw e;
            }
            try {
                takeBack(moment);
            } catch (LockstepException undo) {
                throw new LockstepException(e.fault(), e.text() + "; and " + undo.text(), e);
            }
            throw e;
        }
    }

    private void takeBack(Moment moment) {
        Hook hook = hooks.hooks().get(moment);
        Optional<Action> undo = hook == null ? Optional.empty() : hook.undo();
        if (hook != null && undo.isPresent()) {
            perform(new Occasion(moment, true), undo.get(), hook.timeout());
        }
    }

    private void perform(Occasion occasion, Action action, Duration atMost) {
        Optional<String> failure =
                switch (action) {
                    case Action.Command command ->
                            new CommandHook(passage, occasion).failureOf(command, atMost);
                    case Action.Call call ->
                            new CallHook(passage, occasion).failureOf(call, atMost);
                };
        if (failure.isPresent()) {
            throw new LockstepException(
                    occasion.moment() == Moment.HOLD && !occasion.undo()
                            ? Fault.SWITCH_FAILED
                            : Fault.GATE_FAILED,
                    "hook %s: %s %s".formatted(occasion, action, failure.get()));
        }
    }

    @Override
    public void close() {}
}
