/// Every kind of change of a row, as it comes by the stream and as it overlaps with the copy.
@NullMarked
package dev.lockstep.cdc.rows;

import org.jspecify.annotations.NullMarked;
