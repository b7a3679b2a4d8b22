package dev.lockstep.validators;

import dev.lockstep.plans.catalog.TableName;
import java.util.List;
import java.util.Map;

/// What a validator found.
public sealed interface Verdict {
    /// How many tables were compared.
    long tables();

    /// How many rows of the active database were compared.
    long rows();

    /// What each table came to.
    List<TableTotals> totals();

    /// Both sides hold the same.
    record Match(long tables, long rows, List<TableTotals> totals) implements Verdict {
        public Match {
            totals = List.copyOf(totals);
        }
    }

    /// They do not.
    ///
    /// @param byTable how many rows differ in each table that is not the same, by the name that the
    ///   active database has for it; 1 for a table of which only rows were counted
    /// @param shown some of them; first those that were found first, with their values
    record Mismatch(
            long tables,
            long rows,
            List<TableTotals> totals,
            Map<TableName, Long> byTable,
            List<Difference> shown)
            implements Verdict {
        public Mismatch {
            totals = List.copyOf(totals);
            byTable = Map.copyOf(byTable);
            shown = List.copyOf(shown);
        }

        /// How many rows differ in all.
        public long differences() {
            return byTable.values().stream().mapToLong(Long::longValue).sum();
        }
    }
}
