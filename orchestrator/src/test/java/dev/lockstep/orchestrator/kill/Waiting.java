package dev.lockstep.orchestrator.kill;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// Waits for what must come. The deadline is for machines with a lot to do; nothing waits it out.
final class Waiting {
    static final Duration AT_MOST = Duration.ofMinutes(2);
    private static final Duration LOOK = Duration.ofMillis(20);

    private Waiting() {}

    /// @param situation told where it did not come
    static void until(String what, BooleanSupplier condition, Supplier<String> situation) {
        long deadline = System.nanoTime() + AT_MOST.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(
                        "not within %d s: %s\n%s"
                                .formatted(AT_MOST.toSeconds(), what, situation.get()));
            }
            LockSupport.parkNanos(LOOK.toNanos());
        }
    }
}
