/// Servers of the PostgreSQL that this machine has installed, for tests that need its client
/// programs too.
@NullMarked
package dev.lockstep.testing.local;

import org.jspecify.annotations.NullMarked;
