package dev.lockstep.plans.catalog;

import java.util.Optional;
import java.util.Set;

/// A sequence.
///
/// @param ownedBy the table with whose column it goes
/// @param feeds the columns that take their values from it: the one that owns it, and each whose
///   default names it
public record Sequence(TableName name, Optional<TableName> ownedBy, Set<Feed> feeds) {
    public Sequence {
        feeds = Set.copyOf(feeds);
    }

    /// A column that a sequence fills.
    public record Feed(TableName table, String column) {}
}
