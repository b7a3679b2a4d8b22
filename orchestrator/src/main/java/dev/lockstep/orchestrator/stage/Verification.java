package dev.lockstep.orchestrator.stage;

import dev.lockstep.cdc.Cut;
import dev.lockstep.cdc.Replication;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.catalog.TableFiles;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.validators.Comparison;
import dev.lockstep.validators.Difference;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SnapshotSessions;
import dev.lockstep.validators.TablePair;
import dev.lockstep.validators.Validator;
import dev.lockstep.validators.Verdict;
import dev.lockstep.validators.rows.Checksums;
import dev.lockstep.validators.rows.RowCounts;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
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
            State before = State.of(run, active, pairs);
            Compared compared = compare(pairs);
            Set<TableName> differing = compared.differing();
            changed = before.changed(run, active, pairs);
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

    /// Tells the tables as they are now from what a statement would make of them, also one that
    /// gives their rows other values without a change that a stream could carry.
    public static String form(Run run, Moved moved) {
        return State.of(run, Side.SOURCE, moved.comparison(Side.SOURCE)).form(moved, Side.SOURCE);
    }

    /// What holds the rows of both sides, and what changes those that a stream brings. Older
    /// snapshots find a truncated table empty, so what differs then may be nothing but that.
    private record State(OfSide active, OfSide standby) {
        record OfSide(TableFiles files, List<String> meddlers) {
            static OfSide of(Db db, List<TableName> tables) {
                return db.call(session ->
                        new OfSide(
                                TableFiles.of(session, tables),
                                ServerCheck.meddlers(session, tables)));
            }

            String text() {
                return files.names() + "\n" + meddlers;
            }
        }

        static State of(Run run, Side side, List<TablePair> pairs) {
            return new State(
                    OfSide.of(run.db(side), pairs.stream().map(p -> p.active().name()).toList()),
                    OfSide.of(
                            run.db(side.other()),
                            pairs.stream().map(p -> p.standby().name()).toList()));
        }

        /// The tables whose files are others now on either side, by the active's names.
        Set<TableName> changed(Run run, Side side, List<TablePair> pairs) {
            Set<TableName> changed = new HashSet<>(run.db(side).call(active.files()::changed));
            Set<TableName> there = Set.copyOf(run.db(side.other()).call(standby.files()::changed));
            pairs.stream()
                    .filter(pair -> there.contains(pair.standby().name()))
                    .forEach(pair -> changed.add(pair.active().name()));
            return changed;
        }

        String form(Moved moved, Side side) {
            OfSide source = side == Side.SOURCE ? active : standby;
            OfSide target = side == Side.SOURCE ? standby : active;
            String all = String.join("\n", moved.form(), source.text(), target.text());
            return UUID.nameUUIDFromBytes(all.getBytes(StandardCharsets.UTF_8)).toString();
        }
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
            return new Compared(cut, validator().validate(sessions));
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
                shown.isEmpty() ? described(differences) : described(shown),
                compared.cut().at().toString(),
                compared.cut().stoodStill().toMillis(),
                form,
                run.clock().instant().toString());
    }

    private static String described(List<Difference> shown) {
        return shown.stream().map(Difference::text).collect(Collectors.joining("\n"));
    }

    private static String described(Map<TableName, Long> differences) {
        return differences.entrySet().stream()
                .map(e -> "%s differs in %d rows".formatted(e.getKey(), e.getValue()))
                .collect(Collectors.joining("\n"));
    }
}
