package dev.lockstep.orchestrator.kill;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// Waits for what must come. The deadline is for machines with a lot to do; nothing waits it out.
public final class Waiting {
    static final Duration AT_MOST = Duration.ofMinutes(2);
    private static final Duration LOOK = Duration.ofMillis(20);

    private Waiting() {}

    /// Where the threads that drive and carry stand, for messages.
    public static String stacks() {
        StringBuilder text = new StringBuilder();
        Thread.getAllStackTraces()
                .forEach((thread, stack) -> {
                    if (thread.getName().matches("run|apply.*|capture.*")) {
                        text.append("\n").append(thread.getName());
                        Stream.of(stack).limit(25).forEach(at -> text.append("\n  ").append(at));
                    }
                });
        return text.toString();
    }

    /// Fails where the condition does not come true.
    ///
    /// @param situation told where it did not come
    public static void until(String what, BooleanSupplier condition, Supplier<String> situation) {
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
