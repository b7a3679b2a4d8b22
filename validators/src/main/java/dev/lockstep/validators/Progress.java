package dev.lockstep.validators;

import dev.lockstep.plans.catalog.TableName;

/// Hears how far a validator is. Called by several threads; must be quick.
@FunctionalInterface
public interface Progress {
    /// For callers who do not want to know.
    Progress NONE = (_, _) -> {};

    /// So many rows of the active `table` have been compared by now.
    void compared(TableName table, long rowsDone);
}
