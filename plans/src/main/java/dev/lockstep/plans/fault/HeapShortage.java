package dev.lockstep.plans.fault;

import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The one error of the machine that a person can mend: a heap that is too small for a row.
public final class HeapShortage {
    private static final String SHORT =
            "this process has no memory left, of %d MiB: a row takes several times its size as text"
                    + " while it is carried; give it more, such as LOCKSTEP_OPTS=-Xmx4g, and run"
                    + " again";

    /// Threads and memory beside the heap run out under the same name.
    private static final Pattern HEAP =
            Pattern.compile(
                    "heap space|GC overhead|array size|implementation limit",
                    Pattern.CASE_INSENSITIVE);

    private HeapShortage() {}

    /// The fault to report where `failure` comes of it.
    public static Optional<LockstepException> in(@Nullable Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof OutOfMemoryError && HEAP.matcher(t.toString()).find()) {
                long heap = Runtime.getRuntime().maxMemory() >> 20;
                String text = SHORT.formatted(heap);
                return Optional.of(new LockstepException(Fault.MEMORY_SHORT, text, failure));
            }
        }
        return Optional.empty();
    }
}
