package dev.lockstep.cdc;

import dev.lockstep.cdc.capture.Slot;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.time.Duration;
import java.util.Optional;

/// Finds a slot that nobody reads though this process takes its connection for open.
final class UnreadSlot {
    private static final Duration AT_MOST = Duration.ofSeconds(30);

    private final String slot;
    private final String database;
    private long since = System.nanoTime();

    UnreadSlot(String slot, String database) {
        this.slot = slot;
        this.database = database;
    }

    /// The slot is about to be read.
    synchronized void start() {
        since = System.nanoTime();
    }

    /// The failure of a stream whose slot has been unread for too long.
    synchronized Optional<LockstepException> look(Optional<Slot.State> state) {
        long now = System.nanoTime();
        if (state.isEmpty() || state.get().read()) {
            since = now;
        }
        return now - since <= AT_MOST.toNanos()
                ? Optional.empty()
                : Optional.of(
                        new LockstepException(
                                Fault.UNREACHABLE,
                                ("nobody has read slot \"%s\" on \"%s\" for %d s: the"
                                                + " connection was lost without a word")
                                        .formatted(slot, database, AT_MOST.toSeconds())));
    }
}
