/// Runs that are killed and finished by another process.
///
/// [KillTest] starts a [Victim], a process of its own, kills it at a [KillPoint] while an
/// [Application] writes, and has a second one finish the run on the same [Databases].
@NullMarked
package dev.lockstep.orchestrator.kill;

import org.jspecify.annotations.NullMarked;
