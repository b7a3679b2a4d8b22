package dev.lockstep.plans.catalog;

import java.util.Optional;

/// A sequence; `ownedBy` and `column` are the serial or identity column that it feeds.
public record Sequence(
        TableName name,
        long increment,
        long min,
        long max,
        boolean cycles,
        Optional<TableName> ownedBy,
        Optional<String> column) {}
