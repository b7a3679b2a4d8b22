package dev.lockstep.validators;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Amount;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// One row, or kind of row, that is not the same on both sides.
///
/// @param table as the active database calls it
/// @param key key columns and their values as a person is shown them, see [Literal]. In a table
///   without a key, all columns and their values, long ones cut. Empty for [Kind#COUNT].
/// @param cells the columns that differ, for [Kind#DIFFERENT]
/// @param exact the key columns' values in the order of `key`, NULL as empty, masked or not; empty
///   in a table without a key and for [Kind#COUNT]
/// @param active how many such rows the active database has
/// @param standby how many such rows the standby has
public record Difference(
        TableName table,
        Kind kind,
        Map<String, String> key,
        List<Cell> cells,
        List<Optional<String>> exact,
        long active,
        long standby) {
    /// How the sides differ.
    public enum Kind {
        /// The standby lacks the row.
        MISSING_ON_STANDBY,
        /// Only the standby has the row.
        EXTRA_ON_STANDBY,
        /// Both have a row with this key, with other values.
        DIFFERENT,
        /// The tables' numbers of rows differ; which rows was not asked.
        COUNT
    }

    public Difference {
        key = Collections.unmodifiableMap(new LinkedHashMap<>(key));
        cells = List.copyOf(cells);
        exact = List.copyOf(exact);
    }

    /// One line for a person.
    public String text() {
        String row =
                key.entrySet().stream()
                        .map(e -> e.getKey() + "=" + e.getValue())
                        .collect(Collectors.joining(", ", table + " (", ")"));
        return switch (kind) {
            case MISSING_ON_STANDBY -> row + " is missing on the standby" + times();
            case EXTRA_ON_STANDBY -> row + " is only on the standby" + times();
            case DIFFERENT ->
                    row
                            + " differs in "
                            + cells.stream().map(Cell::text).collect(Collectors.joining("; "));
            case COUNT -> "%s has %s, on the standby %d".formatted(table, rows(), standby);
        };
    }

    private String times() {
        return active + standby == 1 ? "" : " (%s against %d)".formatted(rows(), standby);
    }

    private String rows() {
        return Amount.of(active, "row");
    }
}
