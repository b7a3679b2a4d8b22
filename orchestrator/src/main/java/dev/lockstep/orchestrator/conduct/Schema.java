package dev.lockstep.orchestrator.conduct;

import dev.lockstep.cdc.backfill.TableProgress;
import dev.lockstep.orchestrator.guard.StrayWrites;
import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.schema.SchemaCopy;
import dev.lockstep.orchestrator.stage.FlywayFolder;
import dev.lockstep.orchestrator.stage.FoundSequences;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.orchestrator.stage.Preflight;
import dev.lockstep.orchestrator.switching.LockRetry;
import dev.lockstep.orchestrator.switching.Refusal;
import dev.lockstep.orchestrator.switching.Switch;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// What the plan does to the target's schema: tables before the load, keys after it, the rest once
/// the standby is consistent, the contract at the end.
public final class Schema {
    /// Passes the triggers of the run until the transaction ends.
    private static final String AS_OWN_WRITER =
            "SET LOCAL session_replication_role = replica; SET LOCAL %s = 'yes'"
                    .formatted(OwnTables.OWN_WRITER);

    private final Run run;

    public Schema(Run run) {
        this.run = run;
    }

    /// Gives the target its tables, and has them refuse every write that is not the run's.
    public void expand() {
        Moved moved = made();
        if (!hasRest()) {
            checkFit(moved);
        }
        LockRetry.run(
                run.target(),
                session -> {
                    // Who was replaced meanwhile would close a target that writes may have moved
                    // to.
                    Lease.hold(session, run.name(), run.epoch());
                    if (!hasRest()) {
                        FoundSequences.note(session, run.name(), moved);
                    }
                    Refusal refusal = Switch.refusal(run, moved, Side.TARGET);
                    refusal.refuse(session);
                    StrayWrites.watch(session, run.name(), refusal.tables());
                });
    }

    /// The tables of both sides, once the target's are there.
    private Moved made() {
        Moved before = Moved.read(run);
        Optional<SchemaCopy> copy = copied(before);
        Optional<Path> folder = run.plan().schema().expand();
        copy.ifPresent(SchemaCopy::restoreTables);
        folder.ifPresent(
                expand -> new FlywayFolder(run.target(), expand, "expand", run.name()).apply());
        return copy.isEmpty() && folder.isEmpty() ? before : Moved.read(run);
    }

    private void checkFit(Moved moved) {
        Problems problems = new Problems();
        try (Session session = run.target().brief("preflight")) {
            Preflight.checkTarget(moved, session, problems);
        }
        problems.throwIfAny(
                Fault.PRECONDITION,
                "the target's tables do not fit after schema.expand; mend them and run again");
    }

    /// Builds the indexes by which changes name rows.
    public void keys(Moved moved) {
        copied(moved).ifPresent(SchemaCopy::restoreKeys);
    }

    /// Whether there is a rest to be built once the standby is consistent.
    public boolean hasRest() {
        return run.plan().schema().copy() == Plan.Schema.Copy.AUTO;
    }

    /// Builds all other indexes, constraints and triggers. Nothing may write to the tables
    /// meanwhile.
    public void rest(Moved moved) {
        copied(moved).ifPresent(SchemaCopy::restoreRest);
    }

    /// Gives the planner of the target what it needs to know of the new rows.
    public void analyze(Moved moved) {
        String tables =
                moved.tables(Side.TARGET).stream()
                        .map(TableName::sql)
                        .collect(Collectors.joining(", "));
        try (Session session = run.target().session("analyze")) {
            session.run("ANALYZE " + tables);
        }
    }

    /// Applies the plan's contract folder.
    public void contract() {
        run.plan()
                .schema()
                .contract()
                .ifPresent(folder ->
                        new FlywayFolder(run.target(), folder, "contract", run.name()).apply());
    }

    /// Takes the run's rows out of the target again, and its tables where the run made them. Only
    /// tables that the copy had booked, which it does for empty ones only, are emptied; that is
    /// while they refuse what others write, which would go with the run's rows.
    public void undo(Moved moved) {
        run.requireLease();
        Optional<SchemaCopy> copied = copied(moved);
        if (copied.isPresent()) {
            copied.get().dropAll();
            return;
        }
        Set<TableName> booked =
                run.target().call(session -> TableProgress.tables(session, run.name()));
        Set<TableName> filled =
                moved.pairs().stream()
                        .filter(pair -> booked.contains(pair.source().name()))
                        .map(pair -> pair.target().name())
                        .collect(Collectors.toSet());
        String tables =
                moved.pairs().stream()
                        .map(Moved.Pair::target)
                        .filter(table -> filled.contains(table.name()))
                        .map(table -> whole(table, moved, filled).sql())
                        .distinct()
                        .collect(Collectors.joining(", "));
        LockRetry.run(
                run.target(),
                session -> {
                    if (!tables.isEmpty()) {
                        session.run(AS_OWN_WRITER);
                        session.run("TRUNCATE " + tables);
                    }
                    FoundSequences.giveBack(session, run.name());
                });
    }

    /// A partitioned table goes with all its partitions: as long as it stays, no table that it
    /// refers to can be truncated.
    private static TableName whole(Table table, Moved moved, Set<TableName> filled) {
        return table.root()
                .filter(root ->
                        moved.target().rowTables().stream()
                                .filter(other -> other.root().equals(table.root()))
                                .allMatch(other -> filled.contains(other.name())))
                .orElse(table.name());
    }

    private Optional<SchemaCopy> copied(Moved moved) {
        return hasRest()
                ? Optional.of(
                        new SchemaCopy(run.source(), run.target(), moved.extent(), run.folder()))
                : Optional.empty();
    }
}
