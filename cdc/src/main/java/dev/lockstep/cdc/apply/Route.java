package dev.lockstep.cdc.apply;

import dev.lockstep.plans.catalog.Column;
import dev.lockstep.plans.catalog.Key;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.sql.Lsn;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Where the changes of one table go.
///
/// @param columns the standby's names of columns that are called otherwise there
/// @param copiedAt changes that were committed up to here are in the copy already; ZERO where the
///   copy overlaps with the changes instead
public record Route(Table active, Table standby, Map<String, String> columns, Lsn copiedAt) {
    public Route {
        columns = Map.copyOf(columns);
    }

    /// The standby's name of an active column.
    String standbyColumn(String activeColumn) {
        return columns.getOrDefault(activeColumn, activeColumn);
    }

    /// The active columns that go to the standby, in table order: those that writers give and that
    /// the standby has. An active database with a newer schema has more.
    List<String> carried() {
        return active.writtenColumns().stream()
                .map(Column::name)
                .filter(name -> standby.column(standbyColumn(name)).isPresent())
                .toList();
    }

    /// The active columns that name a row; empty where the whole row does.
    Optional<List<String>> key() {
        return active.changeKey().map(Key::columns);
    }
}
