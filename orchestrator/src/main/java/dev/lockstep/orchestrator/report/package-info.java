/// What verifications and switches leave behind for people: a report of each, as JSON and as a
/// page.
///
/// Owns the rule: a report that cannot be written fails nothing. It is written after what it tells
/// of, and never while writes wait. It holds no secret: of the plan its hash, of databases their
/// labels, of rows what the plan's mask lets through. Thread rule: one thread, that of the run.
@NullMarked
package dev.lockstep.orchestrator.report;

import org.jspecify.annotations.NullMarked;
