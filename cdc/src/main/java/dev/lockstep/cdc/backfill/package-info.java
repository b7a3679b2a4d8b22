/// Rows that are there already: planned as chunks, copied in parallel, resumed, throttled.
///
/// The replication slot exists before the first chunk is read, and no change is applied before the
/// last one is written. So every chunk may see another moment: whatever changed in between is
/// replayed afterwards, in order, as upserts and deletes-if-there, and the standby converges. A
/// table without a key does not converge like that; it is read from one snapshot at a known
/// position, and the changes up to there are dropped for it.
///
/// Rule: a chunk's rows and the note that they are there commit in one transaction, which starts
/// with a look at the run's lease. A crash leaves whole chunks only.
///
/// Thread rule: a [dev.lockstep.cdc.backfill.Backfill] is used by one thread, which copies with
/// workers of its own; progress may be read from anywhere.
@NullMarked
package dev.lockstep.cdc.backfill;

import org.jspecify.annotations.NullMarked;
