package dev.lockstep.cdc.backfill;

import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Check;
import java.util.Map;

/// A table that is to be copied, and what it and its columns are called on the standby.
///
/// @param active a table that holds rows itself, as the active database has it
/// @param columns active's name to standby's name; a column that is not in it keeps its name
public record CopyTable(Table active, TableName standby, Map<String, String> columns) {
    public CopyTable {
        Check.that(!active.partitioned(), "%s holds no rows itself", active.name());
        columns = Map.copyOf(columns);
    }

    /// The active database's name, under which the copy is booked.
    public TableName name() {
        return active.name();
    }

    String standbyColumn(String activeColumn) {
        return columns.getOrDefault(activeColumn, activeColumn);
    }
}
