package dev.lockstep.cdc.change;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Lsn;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// One step of the active database's history. A transaction is `Begin`, what it did, `Commit`.
public sealed interface Change {
    /// A change of rows.
    sealed interface RowChange extends Change {
        Layout layout();
    }

    /// A transaction's changes follow. One that is not followed by its commit never happened.
    ///
    /// @param after the end of the last commit before it; of one that comes again, of the last one
    ///   that was known then
    record Begin(Lsn after) implements Change {}

    record Insert(Layout layout, Tuple after) implements RowChange {}

    /// A row got other values, perhaps another key.
    ///
    /// @param before the old key (or, under REPLICA IDENTITY FULL, the old row), where it was sent
    record Update(Layout layout, Optional<Tuple> before, Tuple after) implements RowChange {}

    /// A row went away.
    ///
    /// @param before the key, or the row, of what was deleted; other values are NULL
    record Delete(Layout layout, Tuple before) implements RowChange {}

    /// All of these were emptied in one statement.
    record Truncate(List<TableName> tables) implements Change {
        public Truncate {
            tables = List.copyOf(tables);
        }
    }

    /// What Lockstep itself wrote into the active database's WAL.
    record Marker(String text) implements Change {}

    /// The transaction is part of history.
    ///
    /// @param end where the transaction's commit ends in the WAL
    /// @param at when it was committed, by the active server's clock
    /// @param changes how many rows the stream has changed in all, this transaction included
    record Commit(Lsn end, Instant at, long changes) implements Change {}
}
