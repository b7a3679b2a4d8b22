package dev.lockstep.plans.fault;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The one error of the machine that a person can mend: a heap that is too small for a row.
public final class HeapShortage {
    private static final String SHORT =
            "this process has no memory left, of %d MiB: a row takes several times its size as text"
                    + " while it is carried; give it more, such as LOCKSTEP_OPTS=-Xmx4g, and run"
                    + " again";

    private HeapShortage() {}

    /// The fault to report where `failure` comes of it.
    public static Optional<LockstepException> in(@Nullable Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof OutOfMemoryError) {
                long heap = Runtime.getRuntime().maxMemory() >> 20;
                String text = SHORT.formatted(heap);
                return Optional.of(new LockstepException(Fault.MEMORY_SHORT, text, failure));
            }
        }
        return Optional.empty();
    }
}
