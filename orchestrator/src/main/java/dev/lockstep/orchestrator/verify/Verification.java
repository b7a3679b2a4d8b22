package dev.lockstep.orchestrator.verify;

import dev.lockstep.cdc.Cut;
import dev.lockstep.cdc.Replication;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Amount;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.validators.Comparison;
import dev.lockstep.validators.Difference;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.Sides;
import dev.lockstep.validators.SnapshotSessions;
import dev.lockstep.validators.TablePair;
import dev.lockstep.validators.TableTotals;
import dev.lockstep.validators.Validator;
import dev.lockstep.validators.Verdict;
import dev.lockstep.validators.rows.Checksums;
import dev.lockstep.validators.rows.RowCounts;
import dev.lockstep.validators.schema.Finding;
import dev.lockstep.validators.schema.SchemaChecks;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/// Compares the two databases at a cut, while writes go on. Tables that are truncated just before
/// they are read are compared again, by themselves, at another cut.
public final class Verification {
    static final Duration CUT_MAX = Duration.ofSeconds(60);

    private static final int WORKERS = 2;
    private static final int ATTEMPTS_MAX = 10;

    private final Run run;
    private final Moved moved;
    private final Replication replication;
    private final Progress progress;
    private final IntFunction<Validator> rows;
    private final Duration cutMax;

    /// As the plan wants rows to be compared.
    public Verification(Run run, Moved moved, Replication replication, Progress progress) {
        this(run, moved, replication, progress, named -> validator(run, progress, named), CUT_MAX);
    }

    /// @param rows what compares them, by how many differences are to be named; asked for after
    ///   each cut
    /// @param cutMax how long a cut may take
    Verification(
            Run run,
            Moved moved,
            Replication replication,
            Progress progress,
            IntFunction<Validator> rows,
            Duration cutMax) {
        this.run = run;
        this.moved = moved;
        this.replication = replication;
        this.progress = progress;
        this.rows = rows;
        this.cutMax = cutMax;
    }

    /// What came of it.
    ///
    /// @param byTable how many rows differ, of the tables in which any do
    /// @param named the first of them
    /// @param totals what each table came to
    /// @param findings what was found besides rows, errors first
    public record Result(
            Verified verified,
            Map<TableName, Long> byTable,
            List<Difference> named,
            List<TableTotals> totals,
            List<Finding> findings) {
        public Result {
            byTable = Map.copyOf(byTable);
            named = List.copyOf(named);
            totals = List.copyOf(totals);
            findings = List.copyOf(findings);
        }

        private Result with(List<Finding> besides) {
            return new Result(
                    verified.with(OtherChecks.errors(besides)), byTable, named, totals, besides);
        }
    }

    /// Compares what `active` has with the other side. `only` narrows it to tables of these names;
    /// empty means all.
    ///
    /// @param named how many differences are to be named
    public Result verify(Side active, List<TableName> only, int named) throws InterruptedException {
        List<TablePair> pairs =
                moved.comparison(active).stream()
                        .filter(p -> only.isEmpty() || only.stream().anyMatch(p.active()::isPartOf))
                        .toList();
        OtherChecks others = OtherChecks.of(run, moved, active, only);
        List<Finding> findings = new ArrayList<>(others.catalogs());
        Found found =
                find(
                        active,
                        pairs,
                        named,
                        sides -> findings.addAll(others.orphans(sides, progress)));
        return found.result().with(SchemaChecks.sorted(findings));
    }

    /// What came of it, and what the tables were when they were compared.
    record Found(Result result, TablesState state) {}

    /// Compares these tables' rows.
    ///
    /// @param besides what else is to be done with the sessions, after rows were compared
    Found find(Side active, List<TablePair> pairs, int named, Consumer<Sides> besides)
            throws InterruptedException {
        Instant asOf = run.clock().instant();
        TablesState state = TablesState.of(run, active, pairs);
        Compared all = compare(active, pairs, named, besides);
        for (int attempt = 1; all.isOnlySpoiled(); attempt++) {
            Set<TableName> spoiled = all.differing();
            if (attempt == ATTEMPTS_MAX) {
                throw spoilt(spoiled);
            }
            List<TablePair> again =
                    pairs.stream().filter(p -> spoiled.contains(p.active().name())).toList();
            state = state.with(TablesState.of(run, active, again));
            all = all.and(compare(active, again, named, _ -> {}));
        }
        return new Found(result(all, pairs.size(), asOf, state.form(moved, active)), state);
    }

    private static LockstepException spoilt(Set<TableName> tables) {
        return new LockstepException(
                Fault.LOCK_TIMEOUT,
                ("tables were truncated or rewritten (VACUUM FULL, CLUSTER, ALTER TABLE) each of "
                                + "the %d times that they were compared, the last time %s; keep "
                                + "applications from it for as long as that takes")
                        .formatted(
                                ATTEMPTS_MAX,
                                tables.stream()
                                        .map(TableName::toString)
                                        .sorted()
                                        .collect(Collectors.joining(", "))));
    }

    /// The fault that a verification with differences is.
    public static LockstepException different(Verified verified) {
        boolean all = verified.first().lines().count() >= verified.differences();
        return new LockstepException(
                Fault.DIFFERENT,
                "%s between active and standby at %s%s:\n%s"
                        .formatted(
                                Amount.of(verified.differences(), "difference"),
                                verified.cut(),
                                all ? "" : ", the first of them",
                                verified.first()));
    }

    /// The fault that a verification is which lets no writes move.
    public static LockstepException notClean(Verified verified) {
        return verified.match()
                ? new LockstepException(
                        Fault.DIFFERENT,
                        "the rows are the same, but the standby is not fit to be the active:\n"
                                + String.join("\n", verified.errors()))
                : different(verified);
    }

    /// @param held how long the applier was held for all of them
    /// @param changed tables that came to other files after they were seen and maybe before they
    ///   were read: what differs there says nothing
    private record Compared(
            Lsn cut,
            Duration held,
            long rows,
            Verdict verdict,
            Map<TableName, TableTotals> totals,
            Set<TableName> changed) {
        Compared and(Compared later) {
            Map<TableName, TableTotals> all = new TreeMap<>(totals);
            all.putAll(later.totals);
            return new Compared(
                    cut,
                    held.plus(later.held),
                    rows + later.rows,
                    later.verdict,
                    all,
                    later.changed);
        }

        /// The active's tables that are not the same on the standby.
        Set<TableName> differing() {
            return switch (verdict) {
                case Verdict.Match _ -> Set.of();
                case Verdict.Mismatch mismatch -> mismatch.byTable().keySet();
            };
        }

        /// Whether there is no telling yet: some tables have to be compared again.
        boolean isOnlySpoiled() {
            return !differing().isEmpty() && changed.containsAll(differing());
        }
    }

    /// @param besides what else is to be done with the sessions, after rows were compared
    private Compared compare(Side active, List<TablePair> pairs, int named, Consumer<Sides> besides)
            throws InterruptedException {
        Cut cut = replication.cut(cutMax);
        SnapshotSessions sessions;
        try (cut) {
            sessions =
                    SnapshotSessions.open(
                            new Comparison(cut.active(), cut.standby(), pairs, WORKERS));
        }
        try (sessions) {
            TablesState seen = TablesState.seen(sessions.sides().pairs().getFirst(), pairs);
            Verdict verdict = rows.apply(named).validate(sessions.sides());
            besides.accept(sessions.sides());
            Set<TableName> changed = seen.changed(TablesState.of(run, active, pairs), pairs);
            Map<TableName, TableTotals> totals =
                    verdict.totals().stream()
                            .collect(Collectors.toMap(TableTotals::table, each -> each));
            return new Compared(
                    cut.at(), cut.stoodStill(), verdict.rows(), verdict, totals, changed);
        }
    }

    static Checksums checksums(Run run, Progress progress, int named) {
        return new Checksums(progress, new Checksums.Shown(named, run.plan().verify().mask()));
    }

    private static Validator validator(Run run, Progress progress, int named) {
        return run.plan().verify().method() == Plan.Verify.Method.CHECKSUM
                ? checksums(run, progress, named)
                : new RowCounts(progress);
    }

    private Result result(Compared compared, int tables, Instant asOf, String form) {
        Map<TableName, Long> differences = new TreeMap<>();
        List<Difference> shown = List.of();
        if (compared.verdict() instanceof Verdict.Mismatch mismatch) {
            Set<TableName> unsure = compared.changed();
            differences.putAll(mismatch.byTable());
            differences.keySet().removeAll(unsure);
            shown = mismatch.shown().stream().filter(d -> !unsure.contains(d.table())).toList();
        }
        Verified verified =
                new Verified(
                        differences.isEmpty(),
                        run.plan().verify().method() == Plan.Verify.Method.COUNT,
                        tables,
                        compared.rows(),
                        differences.values().stream().mapToLong(n -> n).sum(),
                        described(shown, differences),
                        compared.cut().toString(),
                        asOf.toString(),
                        compared.held().toMillis(),
                        form,
                        run.clock().instant().toString(),
                        List.of());
        return new Result(
                verified,
                differences,
                shown,
                List.copyOf(new TreeMap<>(compared.totals()).values()),
                List.of());
    }

    /// The differences that there is something to show of; else how many each table has.
    static String described(List<Difference> shown, Map<TableName, Long> byTable) {
        return shown.isEmpty()
                ? byTable.entrySet().stream()
                        .map(e -> e.getKey() + " differs in " + Amount.of(e.getValue(), "row"))
                        .collect(Collectors.joining("\n"))
                : shown.stream()
                        .limit(Checksums.Shown.USUAL)
                        .map(Difference::text)
                        .collect(Collectors.joining("\n"));
    }
}
