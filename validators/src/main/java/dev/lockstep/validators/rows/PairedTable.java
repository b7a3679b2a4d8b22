package dev.lockstep.validators.rows;

import dev.lockstep.plans.catalog.TableName;
import java.util.List;
import java.util.Set;

/// A pair of tables, ready to be compared.
///
/// @param name as the active database calls it
/// @param columns the compared columns as the active side calls them
/// @param key those of them that name a row; empty where nothing does
/// @param masked those of them whose values are not shown
record PairedTable(
        TableName name,
        long bytes,
        List<String> columns,
        List<String> key,
        Set<String> masked,
        Split split,
        TableSide active,
        TableSide standby) {
    /// How a table can be cut into chunks that hold the same rows on both sides.
    enum Split {
        /// Not at all: there is no key, or the two servers may not sort it alike, or one lacks the
        /// index.
        NONE,
        /// By ranges of the key.
        RANGES,
        /// By ranges of a key in which there may be NULLs after all: a constraint can be NOT VALID.
        RANGES_AND_NULLS
    }
}
