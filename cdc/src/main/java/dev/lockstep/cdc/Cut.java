package dev.lockstep.cdc;

import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.Snapshot;
import java.time.Duration;

/// One exact moment at which a snapshot of the active and one of the standby show the same state.
/// Both can be opened until this is closed; what has been opened stays.
///
/// @param stoodStill how long the applier was held for it
public record Cut(
        Lsn at,
        Snapshot active,
        Snapshot standby,
        Duration stoodStill,
        Session activeHolder,
        Session standbyHolder)
        implements AutoCloseable {
    @Override
    public void close() {
        activeHolder.close();
        standbyHolder.close();
    }
}
