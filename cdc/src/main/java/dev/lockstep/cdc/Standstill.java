package dev.lockstep.cdc;

import dev.lockstep.cdc.capture.SnapshotSlot;
import java.time.Duration;

/// An applier that stands at `point`.
///
/// @param since when it came to stand there, by [System#nanoTime]
/// @param before how long it had been held before it was let up to the point
record Standstill(SnapshotSlot point, long since, Duration before) {
    Duration soFar() {
        return before.plusNanos(System.nanoTime() - since);
    }
}
