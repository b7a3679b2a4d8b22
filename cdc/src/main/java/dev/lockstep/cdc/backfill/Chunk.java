package dev.lockstep.cdc.backfill;

import dev.lockstep.plans.catalog.TableName;
import java.util.List;

/// The rows of one table with `from <= key < until`; the unit of copy and retry.
///
/// @param table the active database's name
/// @param from values of the key's columns as text; empty means from the first row on
/// @param until likewise; empty means to the last row
public record Chunk(TableName table, int number, List<String> from, List<String> until) {
    public Chunk {
        from = List.copyOf(from);
        until = List.copyOf(until);
    }

    @Override
    public String toString() {
        return "chunk " + number + " of " + table;
    }
}
