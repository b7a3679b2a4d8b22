/// Tests of PgBouncers' files, and of their consoles where one is installed.
@NullMarked
package dev.lockstep.orchestrator.pgbouncer;

import org.jspecify.annotations.NullMarked;
