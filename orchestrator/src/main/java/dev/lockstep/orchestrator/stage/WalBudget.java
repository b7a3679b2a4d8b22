package dev.lockstep.orchestrator.stage;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// The WAL that the active server may keep for a run, `limits.retained-wal` of the plan. A run that
/// comes back after a pause finds much kept and works it off, so only what does not shrink counts.
public final class WalBudget {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final long most;
    private long least = Long.MAX_VALUE;
    private Instant leastAt = Instant.MIN;

    /// @param most in bytes
    public WalBudget(long most) {
        this.most = most;
    }

    /// Takes note of what is kept at `now`, in bytes; a fault where it is too much for too long.
    public Optional<LockstepException> look(long retained, Instant now) {
        if (retained <= most) {
            least = Long.MAX_VALUE;
            return Optional.empty();
        }
        if (retained < least) {
            least = retained;
            leastAt = now;
            return Optional.empty();
        }
        return leastAt.plus(PATIENCE).isAfter(now) ? Optional.empty() : Optional.of(over(retained));
    }

    private LockstepException over(long retained) {
        return new LockstepException(
                Fault.WAL_BUDGET,
                ("the active server keeps %,d bytes of WAL for this run, and not less for %d s; "
                                + "the plan's limits.retained-wal is %,d. Find out why changes "
                                + "are not taken in, or raise the limit, and run again; or abort "
                                + "the run so that the server can free its disk")
                        .formatted(retained, PATIENCE.toSeconds(), most));
    }
}
