/// Progress for people, on standard error: live bars on a terminal, plain lines in a pipe. Results
/// are none of its business; they go to standard output.
///
/// Thread rule: a [dev.lockstep.orchestrator.console.Console] and its lines may be shared.
@NullMarked
package dev.lockstep.orchestrator.console;

import org.jspecify.annotations.NullMarked;
