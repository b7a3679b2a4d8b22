package dev.lockstep.validators;

import dev.lockstep.plans.fault.Check;
import dev.lockstep.plans.sql.Snapshot;
import java.util.List;

/// What is to be compared: two snapshots of the same moment, and the tables in them.
///
/// @param workers how many tables or chunks are compared at once; each takes a session per side
public record Comparison(Snapshot active, Snapshot standby, List<TablePair> tables, int workers) {
    public Comparison {
        Check.that(workers > 0, "%d workers", workers);
        tables = List.copyOf(tables);
    }
}
