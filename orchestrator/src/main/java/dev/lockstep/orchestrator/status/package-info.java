/// What a run looks like from outside.
@NullMarked
package dev.lockstep.orchestrator.status;

import org.jspecify.annotations.NullMarked;
