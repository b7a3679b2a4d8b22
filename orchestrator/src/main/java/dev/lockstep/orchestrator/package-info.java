/// Runs: the only module that knows one.
@NullMarked
package dev.lockstep.orchestrator;

import org.jspecify.annotations.NullMarked;
