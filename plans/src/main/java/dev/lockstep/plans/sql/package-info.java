/// Talking to a PostgreSQL server: connections whose settings are pinned, identifiers that are
/// quoted by construction, errors turned into faults.
///
/// Thread rule: a [dev.lockstep.plans.sql.Session] belongs to one thread at a time; a
/// [dev.lockstep.plans.sql.Db] may be shared.
@NullMarked
package dev.lockstep.plans.sql;

import org.jspecify.annotations.NullMarked;
