/// Has a command done by whichever process has the run, and waits for what came of it.
@NullMarked
package dev.lockstep.orchestrator.asking;

import org.jspecify.annotations.NullMarked;
