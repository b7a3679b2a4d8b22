/// Comparing rows: counts and checksums inside the databases, then down to the rows that differ.
///
/// Owns the rule: what is not compared is never called equal.
@NullMarked
package dev.lockstep.validators.rows;

import org.jspecify.annotations.NullMarked;
