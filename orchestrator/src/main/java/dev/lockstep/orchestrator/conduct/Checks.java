package dev.lockstep.orchestrator.conduct;

import dev.lockstep.cdc.Replication;
import dev.lockstep.cdc.apply.Recopy;
import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.RunEvent.DifferencesAccepted;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.orchestrator.verify.Repair;
import dev.lockstep.orchestrator.verify.Verification;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.validators.rows.Checksums;
import java.time.Duration;
import java.util.List;

/// Compares both databases, and has copied again what differs.
final class Checks {
    private static final Duration REPAIR_MAX = Duration.ofDays(7);

    private final Conductor conductor;
    private final Watcher watcher;

    Checks(Conductor conductor, Watcher watcher) {
        this.conductor = conductor;
        this.watcher = watcher;
    }

    /// Compares the databases now and stores what came of it. Narrowed to some tables a match
    /// proves too little for a switch and is not stored.
    Verified verify(List<String> only) throws InterruptedException {
        return verify(only, Checksums.Shown.USUAL).verified();
    }

    private Verification.Result verify(List<String> only, int named) throws InterruptedException {
        Side active = conductor.state().activeSide().orElseThrow();
        Flow flow = conductor.flow();
        Verification.Result result;
        try {
            result =
                    new Verification(conductor.run(), flow.moved(), flow.flowing(), this::heard)
                            .verify(active, only, named);
        } finally {
            conductor.tell(null);
        }
        if (only.isEmpty() || !result.verified().match()) {
            conductor.append(result.verified());
        }
        return result;
    }

    /// A stream that has failed meanwhile ends the verification too.
    private void heard(TableName table, long rows) {
        conductor.flow().now().ifPresent(Replication::throwIfFailed);
        conductor.tell("comparing the databases, at table %s".formatted(table));
        watcher.verifying(rows);
    }

    /// Compares, and fails where the sides differ, unless that was accepted.
    void requireEqual(List<String> only, Asked asked) throws InterruptedException {
        Verified verified = verify(only);
        if (verified.match()) {
            return;
        }
        if (!asked.has(Asked.Option.ACCEPT_DIFFERENCES)) {
            throw Verification.different(verified);
        }
        conductor.append(
                new DifferencesAccepted(verified.differences(), verified.first(), asked.by()));
    }

    /// Compares, has copied again what differs, and compares again, until nothing does or it does
    /// not get less.
    Verified repair(List<String> only) throws InterruptedException {
        Verification.Result found = verify(only, Repair.ROWS_MAX);
        long before = Long.MAX_VALUE;
        while (!found.verified().match() && found.verified().differences() < before) {
            before = found.verified().differences();
            List<Recopy.Wanted> wanted = Repair.of(found);
            conductor.flowing().repair(wanted, REPAIR_MAX);
            conductor.append(Repair.event(wanted));
            found = verify(only, Repair.ROWS_MAX);
        }
        return found.verified();
    }
}
