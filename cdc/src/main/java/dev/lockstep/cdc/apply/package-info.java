/// Writes changes to the standby. Owns the rule: rows and position commit in one transaction.
///
/// Thread rule: one [dev.lockstep.cdc.apply.Applier] per stream, on one thread.
@NullMarked
package dev.lockstep.cdc.apply;

import org.jspecify.annotations.NullMarked;
