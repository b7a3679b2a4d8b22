/// Takes hold of a run for this process: the lease, the names under which it is known, its folder.
@NullMarked
package dev.lockstep.orchestrator.opening;

import org.jspecify.annotations.NullMarked;
