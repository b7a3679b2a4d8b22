/// How a run ends: what is taken away, and what stays where the plan wants it.
///
/// Owns the rule: each step bears being done twice, so an end that was cut short is done again.
@NullMarked
package dev.lockstep.orchestrator.ending;

import org.jspecify.annotations.NullMarked;
