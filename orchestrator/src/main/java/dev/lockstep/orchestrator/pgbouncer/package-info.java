/// PgBouncers: their admin consoles, the entry of a database in their configuration, and a process
/// that resumes them when this one is dead.
///
/// Owns the rule: whatever was paused is resumed, whoever dies.
@NullMarked
package dev.lockstep.orchestrator.pgbouncer;

import org.jspecify.annotations.NullMarked;
