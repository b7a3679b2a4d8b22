/// The way of the rows as two models. [dev.lockstep.cdc.model.CopyModel] has the copy, and the
/// changes that overlap with it, up to where the standby is exact; it takes for granted that the
/// log brings every transaction once, whole and in order. [dev.lockstep.cdc.model.LogModel] shows
/// that it does, from the slot to the standby, whatever dies.
///
/// What a batch does to rows, how records are joined and how transactions are put together is the
/// real code; all around it follows the order of effects that the real code has.
@NullMarked
package dev.lockstep.cdc.model;

import org.jspecify.annotations.NullMarked;
