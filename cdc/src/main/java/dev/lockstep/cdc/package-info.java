/// Rows from one database to the other, for whatever reason they move.
@NullMarked
package dev.lockstep.cdc;

import org.jspecify.annotations.NullMarked;
