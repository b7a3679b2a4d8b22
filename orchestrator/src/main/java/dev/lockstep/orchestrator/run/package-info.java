/// A run: its states and events, the pure machine between them, and the journal that is its truth.
///
/// Owns the rule: what happened is stored before it is believed; state is the fold of the journal.
@NullMarked
package dev.lockstep.orchestrator.run;

import org.jspecify.annotations.NullMarked;
