package dev.lockstep.plans.catalog;

import java.util.List;

/// A unique index over plain columns of all rows, in index order.
///
/// @param identifies whether it can name one row of a change: checked at once and over columns that
///   are never NULL and that changes carry, which those that the database computes are not
/// @param replicaIdentity whether the table's REPLICA IDENTITY is USING this index
public record Key(
        String index,
        List<String> columns,
        boolean primary,
        boolean identifies,
        boolean replicaIdentity) {
    public Key {
        columns = List.copyOf(columns);
    }
}
