/// Whether an application would find on the standby what it has on the active, besides the rows:
/// schema, sequences, foreign keys, privileges, extensions.
///
/// Owns the rule: what is not looked at, or could not be, is never called the same. Schemas may
/// differ because that is wanted, so most of what is found is a note; an error is what is wrong
/// whatever was wanted. A class per check, each of which says what it can miss.
///
/// Reads only. Thread rule: [Orphans] spreads its work over the session pairs that it is given; all
/// else uses one pair, by one caller at a time.
@NullMarked
package dev.lockstep.validators.schema;

import org.jspecify.annotations.NullMarked;
