package dev.lockstep.orchestrator.stage;

import dev.lockstep.cdc.Cut;
import dev.lockstep.cdc.Replication;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableFiles;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.validators.Comparison;
import dev.lockstep.validators.Difference;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SnapshotSessions;
import dev.lockstep.validators.TablePair;
import dev.lockstep.validators.Validator;
import dev.lockstep.validators.Verdict;
import dev.lockstep.validators.rows.Checksums;
import dev.lockstep.validators.rows.RowCounts;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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
        for (int attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
            TableFiles activeFiles = files(active, pairs.stream().map(TablePair::active));
            TableFiles standbyFiles = files(active.other(), pairs.stream().map(TablePair::standby));
            Verified verified = compare(pairs);
            if (verified.match()
                    || (run.db(active).call(activeFiles::areSame)
                            && run.db(active.other()).call(standbyFiles::areSame))) {
                return verified;
            }
        }
        throw new LockstepException(
                Fault.LOCK_TIMEOUT,
                ("tables were truncated each of the %d times that the databases were compared;"
                                + " keep applications from truncating for as long as that takes")
                        .formatted(ATTEMPTS_MAX));
    }

    /// Older snapshots find a truncated table empty, so what differs then may be nothing but that.
    private TableFiles files(Side side, Stream<Table> tables) {
        List<TableName> names = tables.map(Table::name).toList();
        return run.db(side).call(session -> TableFiles.of(session, names));
    }

    private Verified compare(List<TablePair> pairs) throws InterruptedException {
        Cut cut = replication.cut(CUT_MAX);
        SnapshotSessions sessions;
        try (cut) {
            sessions =
                    SnapshotSessions.open(
                            new Comparison(cut.active(), cut.standby(), pairs, WORKERS));
        }
        try (sessions) {
            return verified(cut, validator().validate(sessions));
        }
    }

    private Validator validator() {
        return run.plan().verify().method() == Plan.Verify.Method.CHECKSUM
                ? new Checksums(run.clock(), progress)
                : new RowCounts(run.clock(), progress);
    }

    private Verified verified(Cut cut, Verdict verdict) {
        String now = run.clock().instant().toString();
        String at = cut.at().toString();
        long held = cut.stoodStill().toMillis();
        return switch (verdict) {
            case Verdict.Match(long tables, long rows, Duration _) ->
                    new Verified(true, tables, rows, 0, "", at, held, moved.form(), now);
            case Verdict.Mismatch(
                            long tables,
                            long rows,
                            long differences,
                            List<Difference> shown,
                            Duration _) ->
                    new Verified(
                            false,
                            tables,
                            rows,
                            differences,
                            describe(shown),
                            at,
                            held,
                            moved.form(),
                            now);
        };
    }

    private static String describe(List<Difference> shown) {
        return shown.stream().map(Difference::text).collect(Collectors.joining("\n"));
    }
}
