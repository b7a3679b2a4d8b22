package dev.lockstep.validators;

import dev.lockstep.plans.catalog.Table;
import java.util.Map;

/// A table of the active database and the one of the standby that has to hold the same rows.
///
/// All columns of `active` are compared, generated ones too; further columns of `standby` are not.
///
/// @param columns the standby's names for columns of the active table; without an entry a name
///   stays
public record TablePair(Table active, Table standby, Map<String, String> columns) {
    public TablePair {
        columns = Map.copyOf(columns);
    }

    /// The standby's name for a column of the active table.
    public String standbyColumn(String column) {
        return columns.getOrDefault(column, column);
    }
}
