/// What holds the clients of a database while writes move, and moves them.
///
/// Owns the rule: whatever a gate does may be done again, and nobody is left held.
@NullMarked
package dev.lockstep.orchestrator.gate;

import org.jspecify.annotations.NullMarked;
