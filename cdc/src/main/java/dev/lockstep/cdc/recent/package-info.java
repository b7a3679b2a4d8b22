/// What a stream has changed lately, so that it can be compared once more.
///
/// Owns the rule: what is not known to be all is never given for all.
@NullMarked
package dev.lockstep.cdc.recent;

import org.jspecify.annotations.NullMarked;
