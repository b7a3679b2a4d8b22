/// What a run does on its way, one class per step.
@NullMarked
package dev.lockstep.orchestrator.stage;

import org.jspecify.annotations.NullMarked;
