/// Real servers for tests: one PostgreSQL server per JVM, one database per test.
@NullMarked
package dev.lockstep.testing;

import org.jspecify.annotations.NullMarked;
