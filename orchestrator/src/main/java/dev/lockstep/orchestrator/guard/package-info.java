/// Watches over the standby: nobody but the run's appliers may write there.
///
/// Owns the rule: a write that came there past the refusal triggers is told in `status` and in the
/// journal, and no switch goes by a verification from before it.
@NullMarked
package dev.lockstep.orchestrator.guard;

import org.jspecify.annotations.NullMarked;
