package dev.lockstep.orchestrator.verify;

import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.plans.catalog.Sequence;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Amount;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.Sides;
import dev.lockstep.validators.TablePair;
import dev.lockstep.validators.schema.Extent;
import dev.lockstep.validators.schema.Finding;
import dev.lockstep.validators.schema.Orphans;
import dev.lockstep.validators.schema.SchemaChecks;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Looks at what else than rows the standby has to be an active with.
public final class OtherChecks {
    private static final int SHOWN_MAX = 20;

    private final Run run;
    private final Side active;
    private final Extent extent;
    private final boolean whole;

    private OtherChecks(Run run, Side active, Extent extent, boolean whole) {
        this.run = run;
        this.active = active;
        this.extent = extent;
        this.whole = whole;
    }

    /// Of the tables of a run while `active` accepts writes.
    ///
    /// @param only tables of these names, as the active has them; all, where empty
    public static OtherChecks of(Run run, Moved moved, Side active, List<TableName> only) {
        List<TablePair> tables =
                moved.counterparts(active).stream()
                        .filter(p -> only.isEmpty() || only.stream().anyMatch(p.active()::isPartOf))
                        .toList();
        Map<TableName, TableName> sequences = new HashMap<>();
        for (Map.Entry<Sequence, TableName> sequence : moved.sequences(active).entrySet()) {
            sequences.put(sequence.getKey().name(), sequence.getValue());
        }
        return new OtherChecks(run, active, new Extent(tables, sequences), only.isEmpty());
    }

    /// What the catalogs tell, as they are now. Takes no long time, and no locks.
    public List<Finding> catalogs() {
        try (Session here = run.db(active).brief("checks");
                Session there = run.db(active.other()).brief("checks")) {
            here.limitLockWaits();
            there.limitLockWaits();
            List<TableName> tables = extent.tables().stream().map(p -> p.active().name()).toList();
            return SchemaChecks.all(new SessionPair(here, there), extent).stream()
                    .filter(finding -> whole || finding.concerns(tables))
                    .toList();
        }
    }

    /// Rows without the rows that they refer to, in the snapshots of a comparison.
    List<Finding> orphans(Sides sides, Progress progress) {
        return new Orphans(progress).check(sides, extent);
    }

    /// Those that forbid a switch, as text.
    public static List<String> errors(List<Finding> findings) {
        return findings.stream()
                .filter(Finding::forbidsSwitch)
                .map(Finding::text)
                .limit(SHOWN_MAX)
                .toList();
    }

    /// Lines for a person, below what else is told; empty where there is nothing.
    public static String text(List<Finding> findings) {
        Map<Boolean, Long> kinds =
                findings.stream()
                        .map(Finding::forbidsSwitch)
                        .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        String lines =
                findings.stream()
                        .limit(SHOWN_MAX)
                        .map(f ->
                                "\n%s: %s"
                                        .formatted(f.forbidsSwitch() ? "error" : "note", f.text()))
                        .collect(Collectors.joining());
        return findings.isEmpty()
                ? ""
                : "\nbesides rows: %s, %s%s%s"
                        .formatted(
                                Amount.of(kinds.getOrDefault(true, 0L), "error"),
                                Amount.of(kinds.getOrDefault(false, 0L), "note"),
                                lines,
                                findings.size() > SHOWN_MAX ? "\n..." : "");
    }
}
