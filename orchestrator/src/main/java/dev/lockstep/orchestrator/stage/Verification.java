package dev.lockstep.orchestrator.stage;

import dev.lockstep.cdc.Cut;
import dev.lockstep.cdc.Replication;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.validators.Comparison;
import dev.lockstep.validators.Difference;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.Sides;
import dev.lockstep.validators.SnapshotSessions;
import dev.lockstep.validators.TablePair;
import dev.lockstep.validators.Validator;
import dev.lockstep.validators.Verdict;
import dev.lockstep.validators.rows.Checksums;
import dev.lockstep.validators.rows.RowCounts;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Compares the two databases at a cut, while writes go on.
public final class Verification {
    private static final Duration CUT_MAX = Duration.ofSeconds(60);
    private static final int WORKERS = 2;
    private static final int ATTEMPTS_MAX = 10;

    private final Run run;
    private final Moved moved;
    private final Replication replication;
    private final Progress progress;

    public Verification(Run run, Moved moved, Replication replication, Progress progress) {
        this.run = run;
        this.moved = moved;
        this.replication = replication;
        this.progress = progress;
    }

    /// Compares what `active` has with the other side, and says what came of it. `only` narrows it
    /// to tables of these names; empty means all.
    public Verified verify(Side active, List<String> only) throws InterruptedException {
        List<TablePair> pairs =
                moved.comparison(active).stream()
                        .filter(p -> only.isEmpty() || only.contains(p.active().name().toString()))
                        .toList();
        Set<TableName> changed = Set.of();
        for (int attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
            TablesState before = TablesState.of(run, active, pairs);
            Compared compared = compare(pairs);
            Set<TableName> differing = compared.differing();
            changed = before.changed(TablesState.of(run, active, pairs), pairs);
            if (differing.isEmpty() || !changed.containsAll(differing)) {
                return verified(compared, changed, before.form(moved, active));
            }
        }
        throw new LockstepException(
                Fault.LOCK_TIMEOUT,
                ("tables were truncated or rewritten (VACUUM FULL, CLUSTER, ALTER TABLE) each of "
                                + "the %d times that the databases were compared, the last time "
                                + "%s; keep applications from it for as long as that takes")
                        .formatted(
                                ATTEMPTS_MAX,
                                changed.stream()
                                        .map(TableName::toString)
                                        .sorted()
                                        .collect(Collectors.joining(", "))));
    }

    /// The fault that a verification with differences is.
    public static LockstepException different(Verified verified) {
        return new LockstepException(
                Fault.DIFFERENT,
                "%d differences between active and standby at %s, the first of them:\n%s"
                        .formatted(verified.differences(), verified.cut(), verified.first()));
    }

    /// What differs in tables of two sides that hold still, the first of it as text; empty where
    /// nothing does. Rows are compared whatever the plan's method is.
    ///
    /// @param held a session on each of them
    static Optional<String> differences(
            Run run, SessionPair held, List<TablePair> pairs, Progress progress) {
        Verdict verdict =
                new Checksums(run.clock(), progress).validate(new Sides(pairs, List.of(held)));
        return verdict instanceof Verdict.Mismatch mismatch
                ? Optional.of(described(mismatch.shown(), mismatch.byTable()))
                : Optional.empty();
    }

    /// What a comparison at `cut` found.
    private record Compared(Cut cut, Verdict verdict) {
        /// The active's tables that are not the same on the standby.
        Set<TableName> differing() {
            return switch (verdict) {
                case Verdict.Match _ -> Set.of();
                case Verdict.Mismatch mismatch -> mismatch.byTable().keySet();
            };
        }
    }

    private Compared compare(List<TablePair> pairs) throws InterruptedException {
        Cut cut = replication.cut(CUT_MAX);
        SnapshotSessions sessions;
        try (cut) {
            sessions =
                    SnapshotSessions.open(
                            new Comparison(cut.active(), cut.standby(), pairs, WORKERS));
        }
        try (sessions) {
            return new Compared(cut, validator().validate(sessions.sides()));
        }
    }

    private Validator validator() {
        return run.plan().verify().method() == Plan.Verify.Method.CHECKSUM
                ? new Checksums(run.clock(), progress)
                : new RowCounts(run.clock(), progress);
    }

    /// @param unsure tables of which differences say nothing
    private Verified verified(Compared compared, Set<TableName> unsure, String form) {
        Verdict verdict = compared.verdict();
        Map<TableName, Long> differences = new TreeMap<>();
        List<Difference> shown = List.of();
        if (verdict instanceof Verdict.Mismatch mismatch) {
            differences.putAll(mismatch.byTable());
            differences.keySet().removeAll(unsure);
            shown = mismatch.shown().stream().filter(d -> !unsure.contains(d.table())).toList();
        }
        return new Verified(
                differences.isEmpty(),
                verdict.tables(),
                verdict.rows(),
                differences.values().stream().mapToLong(n -> n).sum(),
                described(shown, differences),
                compared.cut().at().toString(),
                compared.cut().stoodStill().toMillis(),
                form,
                run.clock().instant().toString());
    }

    /// The differences that there is something to show of; else how many each table has.
    private static String described(List<Difference> shown, Map<TableName, Long> byTable) {
        return shown.isEmpty()
                ? byTable.entrySet().stream()
                        .map(e -> "%s differs in %d rows".formatted(e.getKey(), e.getValue()))
                        .collect(Collectors.joining("\n"))
                : shown.stream().map(Difference::text).collect(Collectors.joining("\n"));
    }
}
