/// The switch as a model: both databases, the journal, the lease and every process that works on
/// the run, in all orders in which their steps and their deaths can follow each other.
///
/// States and events are the real ones, folded by the real machine.
/// [dev.lockstep.orchestrator.model.SwitchModelTest] explores it, and shows for each
/// [dev.lockstep.orchestrator.model.Flaw] that it would be found.
@NullMarked
package dev.lockstep.orchestrator.model;

import org.jspecify.annotations.NullMarked;
