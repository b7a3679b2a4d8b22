package dev.lockstep.validators.rows;

import dev.lockstep.plans.sql.Session;
import java.util.List;

/// A part of a table that is compared at once. The chunks of a table cover all rows that there can
/// be, on either side, or all that are to be compared.
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

    /// The rows with these keys, as the key's index takes them for equal.
    record Named(List<List<String>> keys) implements Chunk {
        public Named {
            keys = List.copyOf(keys);
        }

        /// The values of one column of the key.
        String[] values(int column) {
            return keys.stream().map(key -> key.get(column)).toArray(String[]::new);
        }
    }

    /// Has the planner read it as it should be.
    default void plan(Session session) {
        useIndexes(session, this instanceof Range || this instanceof Named);
    }

    /// Ranges and named rows are read by their index, however little the planner knows of a table
    /// that was just filled: a scan of the whole table for each would never end. Whole tables are
    /// scanned.
    static void useIndexes(Session session, boolean use) {
        session.run("SET LOCAL enable_seqscan = " + (use ? "off" : "on"));
    }
}
