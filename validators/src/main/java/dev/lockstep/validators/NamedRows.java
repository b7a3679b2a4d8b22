package dev.lockstep.validators;

import dev.lockstep.plans.fault.Check;
import java.util.List;

/// Rows of one table, by their key: those to which a comparison is narrowed. A row that neither
/// side has is the same on both.
///
/// @param columns the key's columns, as the active database calls them
/// @param keys their values in each row, as PostgreSQL's own text
public record NamedRows(List<String> columns, List<List<String>> keys) {
    public NamedRows {
        columns = List.copyOf(columns);
        keys = List.copyOf(keys);
        Check.that(!columns.isEmpty(), "rows without a key");
    }
}
