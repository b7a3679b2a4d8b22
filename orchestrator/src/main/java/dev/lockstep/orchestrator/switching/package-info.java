/// How traffic moves from one database to the other: refusal triggers, fence, switch.
///
/// Owns the rule: at every moment at most one of the two databases accepts application writes.
@NullMarked
package dev.lockstep.orchestrator.switching;

import org.jspecify.annotations.NullMarked;
