package dev.lockstep.validators.rows;

import java.util.List;

/// A part of a table that is compared at once. The chunks of a table cover all rows that there can
/// be, on either side.
sealed interface Chunk {
    /// All rows.
    record Whole() implements Chunk {}

    /// The rows with `from <= key < until`; where a bound is empty there is none on that side.
    record Range(List<String> from, List<String> until) implements Chunk {
        public Range {
            from = List.copyOf(from);
            until = List.copyOf(until);
        }
    }

    /// The rows with a NULL in the key, which no range holds.
    record Unkeyed() implements Chunk {}
}
