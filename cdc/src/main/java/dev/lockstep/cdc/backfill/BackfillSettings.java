package dev.lockstep.cdc.backfill;

import dev.lockstep.plans.fault.Check;
import java.util.OptionalLong;

/// How one owner of a run copies.
///
/// @param epoch the owner's; a copy under a lease that has moved on is refused
/// @param chunkBytes how much of a table one chunk should hold
/// @param rowsPerSecond over all workers; empty means as fast as it goes
public record BackfillSettings(
        String run, long epoch, int workers, long chunkBytes, OptionalLong rowsPerSecond) {
    public BackfillSettings {
        Check.that(workers > 0, "%d workers", workers);
        Check.that(chunkBytes > 0, "chunks of %d bytes", chunkBytes);
        Check.that(rowsPerSecond.orElse(1) > 0, "a rate of 0 rows would never end");
    }
}
