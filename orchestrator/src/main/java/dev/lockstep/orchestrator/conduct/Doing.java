package dev.lockstep.orchestrator.conduct;

import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.orchestrator.switching.StepListener;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a command has a run do, for people. Passes the steps of a switch on.
///
/// Thread rule: any thread may ask, one tells.
final class Doing implements StepListener {
    private final Watcher watcher;
    private volatile StepListener next = StepListener.NONE;
    private volatile @Nullable String what;

    Doing(Watcher watcher) {
        this.watcher = watcher;
    }

    void passTo(StepListener listener) {
        next = listener;
    }

    Optional<String> what() {
        return Optional.ofNullable(what);
    }

    void tell(String now) {
        what = now;
    }

    /// It is at nothing in particular any more.
    void end() {
        what = null;
    }

    @Override
    public void before(String step) {
        tell("switching: " + told(step));
        next.before(step);
    }

    private static String told(String step) {
        return switch (step) {
            case "look" -> "comparing what has changed since";
            case "hold" -> "holding clients";
            case "drain" -> "writes are held, waiting for the last changes";
            case "sequences" -> "writes are held, carrying sequences";
            case "intend", "fence" -> "writes are held, about to close the old side";
            case "open" -> "writes are held, about to open the new side";
            case "move" -> "moving clients";
            default -> "writes have moved, noting that";
        };
    }

    @Override
    public void waiting(String whatFor) {
        tell(whatFor);
        watcher.say(whatFor);
    }
}
