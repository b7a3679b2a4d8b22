/// Brings a run forward: does what its state asks for, stores what happened, answers commands.
///
/// Owns the rule: decide, journal, apply. Restart is the same path; there is no second recovery
/// code. Thread rule: one thread drives a run; a reporter looks on.
@NullMarked
package dev.lockstep.orchestrator.conduct;

import org.jspecify.annotations.NullMarked;
