/// Tests of gates: real processes, real HTTP, and real PgBouncers where one is installed.
@NullMarked
package dev.lockstep.orchestrator.gate;

import org.jspecify.annotations.NullMarked;
