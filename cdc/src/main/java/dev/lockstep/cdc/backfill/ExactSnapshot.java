package dev.lockstep.cdc.backfill;

import dev.lockstep.cdc.capture.SnapshotSlot;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;

/// A session that sees the active database exactly as of a position: all that was committed up to
/// there and nothing else. The slot that gave it is gone when this is made.
record ExactSnapshot(Lsn position, Session reader) implements AutoCloseable {
    /// Makes a slot, takes its snapshot over and drops it.
    ///
    /// @param atMost how long to wait for the transactions that the slot has to wait for
    static ExactSnapshot open(Db active, Duration atMost) {
        try (SnapshotSlot slot = SnapshotSlot.make(active, "copy", atMost)) {
            return new ExactSnapshot(slot.at(), slot.snapshot().open("copy"));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LockstepException(Fault.INTERRUPTED, "slot creation was interrupted", e);
        }
    }

    @Override
    public void close() {
        reader.close();
    }
}
