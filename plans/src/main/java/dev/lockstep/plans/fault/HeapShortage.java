package dev.lockstep.plans.fault;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The one error of the machine that a person can mend: a heap that is too small for a row.
public final class HeapShortage {
    private HeapShortage() {}

    /// The fault to report where `failure` comes of it.
    public static Optional<LockstepException> in(@Nullable Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof OutOfMemoryError) {
                return Optional.of(
                        new LockstepException(
                                Fault.MEMORY_SHORT,
                                ("this process has no memory left, of %d MiB: a row takes several"
                                                + " times its size as text while it is carried; give it"
                                                + " more, such as LOCKSTEP_OPTS=-Xmx4g, and run again")
                                        .formatted(Runtime.getRuntime().maxMemory() >> 20),
                                failure));
            }
        }
        return Optional.empty();
    }
}
