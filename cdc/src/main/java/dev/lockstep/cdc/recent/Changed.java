package dev.lockstep.cdc.recent;

import dev.lockstep.plans.catalog.TableName;
import java.util.List;
import java.util.Map;

/// What a stream has changed since some position, by the active's names; tables that it left alone
/// are not in it.
public record Changed(Map<TableName, OfTable> tables) {
    /// What is known of the changes of one table.
    public sealed interface OfTable {
        /// Rows that were added, altered or removed, each by the key that it had and has.
        ///
        /// @param columns the key's columns
        /// @param keys the values in each row, as PostgreSQL's own text
        record Rows(List<String> columns, List<List<String>> keys) implements OfTable {
            public Rows {
                columns = List.copyOf(columns);
                keys = List.copyOf(keys);
            }
        }

        /// Any row: the table was emptied, or more of its rows were changed than are remembered.
        record Whole() implements OfTable {}

        /// Any row, as nothing names one.
        record Keyless() implements OfTable {}
    }

    public Changed {
        tables = Map.copyOf(tables);
    }

    /// Whether nothing was.
    public boolean isEmpty() {
        return tables.isEmpty();
    }

    /// How many rows are known by their keys.
    public long rows() {
        return tables.values().stream()
                .mapToLong(table -> table instanceof OfTable.Rows rows ? rows.keys().size() : 0)
                .sum();
    }

    /// Whether of some table that has a key it is not known which rows were.
    public boolean hasWhole() {
        return tables.values().stream().anyMatch(OfTable.Whole.class::isInstance);
    }
}
