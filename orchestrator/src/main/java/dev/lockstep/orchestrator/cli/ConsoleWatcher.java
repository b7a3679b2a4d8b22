package dev.lockstep.orchestrator.cli;

import dev.lockstep.orchestrator.console.Console;
import dev.lockstep.orchestrator.console.Line;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.plans.fault.Amount;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Shows a run on the console: a line for the state that it is in.
public final class ConsoleWatcher implements Watcher {
    private final Console console;
    private @Nullable Line line;
    private @Nullable RunState state;

    public ConsoleWatcher(Console console) {
        this.console = console;
    }

    @Override
    public synchronized void entered(RunState next) {
        if (next.equals(state)) {
            return;
        }
        end(next);
        state = next;
        if (!next.isFinal()) {
            line = console.line(name(next));
        }
    }

    private static String name(RunState state) {
        return switch (state) {
            case RunState.InStep inStep -> "in-step, active: " + inStep.active().label();
            default -> state.label();
        };
    }

    private void end(RunState next) {
        if (line != null) {
            if (isUndone(next)) {
                line.undone();
            } else {
                line.done("");
            }
            line = null;
        }
    }

    private boolean isUndone(RunState next) {
        return state instanceof RunState.Switching switching
                && next instanceof RunState.InStep back
                && back.active() == switching.from();
    }

    @Override
    public synchronized void copying(long rows, long rowsEstimated, int chunks, int chunksTotal) {
        if (line == null || !(state instanceof RunState.Copying)) {
            return;
        }
        if (chunks == 0) {
            // Tables are counted one after the other, and the first chunk comes after the last.
            line.update(
                    "about %s in %s counted so far"
                            .formatted(
                                    Amount.of(rowsEstimated, "row"),
                                    Amount.of(chunksTotal, "chunk")));
        } else {
            line.update(
                    rows,
                    Math.max(rows, rowsEstimated),
                    "rows, %d of %s".formatted(chunks, Amount.of(chunksTotal, "chunk")));
        }
    }

    @Override
    public synchronized void streaming(long captured, long applied, long lagMillis) {
        if (line == null) {
            return;
        }
        if (state instanceof RunState.CatchingUp) {
            line.update(applied, captured, "changes, lag %,d ms".formatted(lagMillis));
        } else if (state instanceof RunState.InStep) {
            line.update(
                    String.format(
                            Locale.ROOT,
                            "%,d changes captured, %,d applied, lag %,d ms",
                            captured,
                            applied,
                            lagMillis));
        } else {
            console.tick();
        }
    }

    @Override
    public synchronized void verifying() {
        console.tick();
    }

    @Override
    public void say(String text) {
        console.say(text);
    }
}
