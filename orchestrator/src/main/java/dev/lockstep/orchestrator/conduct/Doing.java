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
        tell("switching, at: " + step);
        next.before(step);
    }

    @Override
    public void waiting(String whatFor) {
        tell(whatFor);
        watcher.say(whatFor);
    }
}
