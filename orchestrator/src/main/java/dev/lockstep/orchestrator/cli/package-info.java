/// The command line.
@NullMarked
package dev.lockstep.orchestrator.cli;

import org.jspecify.annotations.NullMarked;
