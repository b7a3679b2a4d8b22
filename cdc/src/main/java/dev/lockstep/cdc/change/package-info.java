/// Changes as values, whatever database they come from.
@NullMarked
package dev.lockstep.cdc.change;

import org.jspecify.annotations.NullMarked;
