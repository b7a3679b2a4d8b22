package dev.lockstep.orchestrator.conduct;

import dev.lockstep.cdc.Replication;
import dev.lockstep.cdc.apply.Recopy;
import dev.lockstep.orchestrator.report.VerificationReport;
import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.RunEvent.DifferencesAccepted;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.orchestrator.verify.LateChanges;
import dev.lockstep.orchestrator.verify.OtherChecks;
import dev.lockstep.orchestrator.verify.Repair;
import dev.lockstep.orchestrator.verify.Verification;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.validators.rows.Checksums;
import dev.lockstep.validators.schema.Finding;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Compares both databases, and has copied again what differs.
final class Checks {
    private static final Duration REPAIR_MAX = Duration.ofDays(7);

    private final Conductor conductor;
    private final Watcher watcher;
    private final Asked asked;

    /// @param asked for what; of no command where the run itself wants it
    Checks(Conductor conductor, Watcher watcher, Asked asked) {
        this.conductor = conductor;
        this.watcher = watcher;
        this.asked = asked;
    }

    /// Compares the databases now and stores what came of it. Narrowed to some tables a clean one
    /// proves too little for a switch and is not stored. What is written to the standby meanwhile
    /// outdates it at once.
    Verification.Result verify(List<TableName> only) throws InterruptedException {
        return verify(only, Checksums.Shown.USUAL);
    }

    private Verification.Result verify(List<TableName> only, int named)
            throws InterruptedException {
        conductor.watchStandby();
        Side active = conductor.state().activeSide().orElseThrow();
        Flow flow = conductor.flow();
        Instant start = conductor.run().clock().instant();
        Verification.Result result;
        try {
            result =
                    new Verification(
                                    conductor.run(),
                                    flow.moved(),
                                    flow.flowing(),
                                    (table, _) -> heard(table))
                            .verify(active, only, named);
        } finally {
            conductor.atWork().end();
        }
        if (only.isEmpty() || !result.verified().letsWritesMove()) {
            conductor.append(result.verified());
            conductor.watchStandby();
        }
        VerificationReport.write(
                conductor.run(),
                new VerificationReport.Occasion(asked.want(), active, start),
                result);
        return result;
    }

    /// A stream that has failed meanwhile ends the verification too.
    private void heard(TableName table) {
        conductor.flow().now().ifPresent(Replication::throwIfFailed);
        conductor.atWork().tell("comparing the databases, at table %s".formatted(table));
        watcher.verifying();
    }

    /// Compares, and fails where the rows differ, unless that was accepted. Returns what else was
    /// found.
    List<Finding> requireEqual(List<TableName> only) throws InterruptedException {
        Verification.Result result = verify(only);
        Verified verified = result.verified();
        if (verified.match()) {
            return result.findings();
        }
        if (!accepts(verified)) {
            throw Verification.different(verified);
        }
        return result.findings();
    }

    /// Whether somebody wants to go on over what differs; that is stored.
    private boolean accepts(Verified verified) {
        boolean accepted = asked.has(Asked.Option.ACCEPT_DIFFERENCES);
        if (accepted) {
            conductor.append(
                    new DifferencesAccepted(verified.differences(), verified.first(), asked.by()));
        }
        return accepted;
    }

    /// Stores a difference that was found at the last moment, and says whether it was accepted.
    boolean storesAndAccepts(Verified verified) {
        conductor.append(verified);
        return accepts(verified);
    }

    /// Compares what was changed lately, at a cut; fails where it differs, unless that was
    /// accepted.
    void requireEqual(LateChanges changes) throws InterruptedException {
        Instant start = conductor.run().clock().instant();
        Verification.Result result;
        try {
            result = changes.compare((table, _) -> heard(table));
        } finally {
            conductor.atWork().end();
        }
        Verified verified = result.verified();
        if (verified.match()) {
            return;
        }
        boolean accepted = storesAndAccepts(verified);
        VerificationReport.write(
                conductor.run(),
                new VerificationReport.Occasion(asked.want(), changes.active(), start),
                result);
        if (!accepted) {
            throw Verification.different(verified);
        }
    }

    /// Fails where one of `findings` forbids a switch, unless that was accepted.
    void requireSound(List<Finding> findings) {
        List<String> errors = OtherChecks.errors(findings);
        if (errors.isEmpty()) {
            return;
        }
        String text = String.join("\n", errors);
        if (!asked.has(Asked.Option.ACCEPT_DIFFERENCES)) {
            throw new LockstepException(
                    Fault.PRECONDITION,
                    ("the standby is not fit to be the active, and writes stay where they are;"
                                    + " mend it and try again, or --accept-differences:\n%s")
                            .formatted(text));
        }
        conductor.append(new DifferencesAccepted(errors.size(), text, asked.by()));
    }

    /// What the last comparison found, and what was copied again before it.
    record Repaired(Verification.Result found, List<Recopy.Wanted> copied) {
        Repaired {
            copied = List.copyOf(copied);
        }
    }

    /// Compares, has copied again what differs, and compares again, until nothing does or it does
    /// not get less.
    Repaired repair(List<TableName> only) throws InterruptedException {
        List<Recopy.Wanted> copied = new ArrayList<>();
        Verification.Result found = verify(only, Repair.ROWS_MAX);
        long before = Long.MAX_VALUE;
        while (!found.verified().match() && found.verified().differences() < before) {
            before = found.verified().differences();
            List<Recopy.Wanted> wanted = Repair.of(found);
            conductor.flowing().repair(wanted, REPAIR_MAX);
            conductor.append(Repair.event(wanted));
            copied.addAll(wanted);
            found = verify(only, Repair.ROWS_MAX);
        }
        return new Repaired(found, copied);
    }
}
