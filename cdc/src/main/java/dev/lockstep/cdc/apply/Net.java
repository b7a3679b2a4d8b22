package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.change.Tuple;

/// What all changes of a batch to one row come to.
sealed interface Net {
    /// The row was not there before and is now.
    record Added(Tuple row) implements Net {}

    /// The row was there and is still, with other values; large ones may be missing.
    record Altered(Tuple row) implements Net {}

    /// The row was there and is not any more.
    record Removed(Tuple key) implements Net {}
}
