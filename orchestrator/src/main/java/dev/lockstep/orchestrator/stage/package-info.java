/// What is done in each state of a run, one class per piece of work.
@NullMarked
package dev.lockstep.orchestrator.stage;

import org.jspecify.annotations.NullMarked;
