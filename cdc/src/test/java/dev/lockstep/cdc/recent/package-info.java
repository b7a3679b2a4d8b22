/// What is remembered of a stream's changes, told by hand.
@NullMarked
package dev.lockstep.cdc.recent;

import org.jspecify.annotations.NullMarked;
