/// The change log: one Kafka topic with one partition per stream, every change in commit order.
///
/// Owns the rule: a record is written once per process and order is never lost; what a crash leaves
/// behind (a torn transaction, a second copy of a whole one, a hole) is told apart by writer,
/// sequence number and commit LSN.
@NullMarked
package dev.lockstep.cdc.log;

import org.jspecify.annotations.NullMarked;
