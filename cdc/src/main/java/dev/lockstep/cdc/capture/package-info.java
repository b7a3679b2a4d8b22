/// Reads every committed change of the active database and puts it into the change log.
///
/// Owns the rule: the slot is confirmed only up to transactions that the log holds durably. Thread
/// rule: the tap runs on the engine's streaming thread; nothing else writes to the log.
@NullMarked
package dev.lockstep.cdc.capture;

import org.jspecify.annotations.NullMarked;
