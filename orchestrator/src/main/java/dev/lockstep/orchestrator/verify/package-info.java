/// Compares both databases of a run, and says what a switch can go by.
///
/// Owns the rule: a difference is told where rows differ at one exact moment, and never because a
/// table was truncated or rewritten while it was read.
@NullMarked
package dev.lockstep.orchestrator.verify;

import org.jspecify.annotations.NullMarked;
