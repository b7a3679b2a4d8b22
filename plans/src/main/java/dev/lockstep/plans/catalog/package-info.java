/// What a live database holds: tables, columns, keys and sequences as values, read in a few
/// queries.
@NullMarked
package dev.lockstep.plans.catalog;

import org.jspecify.annotations.NullMarked;
