/// Whether two databases hold the same rows, at two snapshots of the same moment.
///
/// Owns the rule that nothing passes for equal that is not: every row of both sides is read, inside
/// its own database, and values are told apart by what they are, not by what `=` says of them.
/// Shares no code with what copies rows; a mistake there must not be made here again.
///
/// Thread rule: a validator is used by one caller at a time; it spreads the work over the session
/// pairs of a [SnapshotSessions] by itself. A [Progress] is called by several threads.
@NullMarked
package dev.lockstep.validators;

import org.jspecify.annotations.NullMarked;
