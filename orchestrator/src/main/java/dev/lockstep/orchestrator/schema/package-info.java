/// Brings a schema from one server to another by PostgreSQL's own `pg_dump` and `pg_restore`.
///
/// Owns the rule: each step is one transaction on the target, and one that is done is not done
/// again.
@NullMarked
package dev.lockstep.orchestrator.schema;

import org.jspecify.annotations.NullMarked;
