/// Whole runs by chance: tables, writes, troubles and deaths of a seed.
///
/// A [Round] makes [Shape]s by a [Drawing], has [Writers] do [Work] with [Statements] on them all
/// the time, and lets one [Life] after the other bring the run forward, each with the [Mishap]s
/// that are drawn for it. A life that is killed leaves a [LogImage]; what is on the databases is
/// left to the next one.
@NullMarked
package dev.lockstep.orchestrator.random;

import org.jspecify.annotations.NullMarked;
