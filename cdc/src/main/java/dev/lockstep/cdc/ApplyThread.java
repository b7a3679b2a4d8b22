package dev.lockstep.cdc;

import dev.lockstep.cdc.apply.Applier;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.time.Duration;
import java.util.function.Consumer;

/// A running applier.
final class ApplyThread {
    private static final Duration CUT_MAX = Duration.ofSeconds(5);

    private final Applier applier;
    private final Thread thread;

    /// Starts `applier`; what ends it that was not asked for goes to `onFailure`.
    ApplyThread(Applier applier, String stream, Consumer<Throwable> onFailure) {
        this.applier = applier;
        this.thread =
                Thread.ofPlatform()
                        .name("apply-" + stream)
                        .start(() -> {
                            try {
                                applier.run();
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            } catch (Throwable e) {
                                onFailure.accept(e);
                            }
                        });
    }

    Applier applier() {
        return applier;
    }

    /// Ends the applier with what it is writing, or within it where that takes longer than
    /// `patience`. When this returns it writes nothing more.
    void stop(Duration patience) {
        applier.close();
        if (!hasEnded(patience)) {
            applier.abort();
            if (!hasEnded(CUT_MAX)) {
                throw new LockstepException(
                        Fault.INTERNAL,
                        "thread \"%s\" does not end; end this process".formatted(thread.getName()));
            }
        }
    }

    /// An interrupt does not shorten the wait: who goes on would meet an applier that still writes.
    private boolean hasEnded(Duration atMost) {
        long until = System.nanoTime() + atMost.toNanos();
        boolean interrupted = Thread.interrupted();
        try {
            while (true) {
                try {
                    return thread.join(Duration.ofNanos(Math.max(0, until - System.nanoTime())));
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
