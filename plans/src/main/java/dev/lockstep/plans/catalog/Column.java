package dev.lockstep.plans.catalog;

/// A column as `pg_attribute` has it. `type` is PostgreSQL's own spelling, qualified where the type
/// is not built in.
///
/// @param number stays the same for as long as the column lives, whatever its name
public record Column(
        String name,
        int number,
        String type,
        boolean notNull,
        Generation generation,
        boolean identity) {

    /// Where the value comes from.
    public enum Generation {
        /// Written by clients.
        NONE,
        /// Computed from other columns and stored.
        STORED,
        /// Computed from other columns when read.
        VIRTUAL
    }

    /// Whether a writer gives the value; the database computes all others.
    public boolean isWritten() {
        return generation == Generation.NONE;
    }
}
