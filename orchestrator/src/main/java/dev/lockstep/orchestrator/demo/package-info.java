/// A shop under load on servers of its own, for `lockstep demo`: two PostgreSQL servers, a schema
/// with everything that makes a move hard, writers that never stop, and a proof at the end that
/// shares no code with what moved the rows.
///
/// Thread rule: [dev.lockstep.orchestrator.demo.ShopWriters] may be asked by any thread; its
/// writers share nothing but the record of what was acknowledged.
@NullMarked
package dev.lockstep.orchestrator.demo;

import org.jspecify.annotations.NullMarked;
