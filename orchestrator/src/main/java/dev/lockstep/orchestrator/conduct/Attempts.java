package dev.lockstep.orchestrator.conduct;

import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import io.github.resilience4j.core.IntervalFunction;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Counts how often a run's work was taken up again after failures that may pass.
///
/// Thread rule: one thread.
final class Attempts {
    private static final int MOST = 8;

    /// A failure of what has flowed for this long is a first one again.
    private static final Duration FORGIVEN = Duration.ofMinutes(3);

    private static final IntervalFunction BACKOFF =
            IntervalFunction.ofExponentialRandomBackoff(
                    Duration.ofMillis(500), 2.0, 0.3, Duration.ofSeconds(20));

    private int count;
    private long startedAt = System.nanoTime();
    private @Nullable RunState failedIn;

    void start() {
        startedAt = System.nanoTime();
        count++;
    }

    /// How many milliseconds to wait before the next attempt; empty where there is to be none.
    OptionalLong pauseAfter(LockstepException e, RunState state) {
        boolean wentWell =
                state instanceof RunState.InStep
                        && System.nanoTime() - startedAt > FORGIVEN.toNanos();
        if (hasComeForward(state) || wentWell) {
            count = 1;
        }
        return e.fault().retry() == Fault.Retry.BOUNDED && count < MOST
                ? OptionalLong.of(BACKOFF.apply(count))
                : OptionalLong.empty();
    }

    /// Whether the run is in another state than at the failure before; one that may be undone is
    /// none.
    private boolean hasComeForward(RunState state) {
        if (state instanceof RunState.Switching || state.equals(failedIn)) {
            return false;
        }
        failedIn = state;
        return true;
    }
}
