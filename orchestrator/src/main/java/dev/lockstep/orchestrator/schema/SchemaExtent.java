package dev.lockstep.orchestrator.schema;

import dev.lockstep.plans.catalog.Catalog;
import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.catalog.TableName;
import java.util.Set;
import java.util.stream.Collectors;

/// What of a source's schema comes along, and under which names.
///
/// @param tables the source's tables in scope
public record SchemaExtent(Scope scope, Mapping mapping, Catalog tables) {
    /// What the tables are called on the target.
    Set<TableName> targetNames() {
        return tables.tables().keySet().stream().map(mapping::table).collect(Collectors.toSet());
    }
}
