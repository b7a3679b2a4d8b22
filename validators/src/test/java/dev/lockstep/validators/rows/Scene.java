package dev.lockstep.validators.rows;

import dev.lockstep.plans.catalog.Catalog;
import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Mask;
import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.Snapshot;
import dev.lockstep.testing.Pair;
import dev.lockstep.validators.Comparison;
import dev.lockstep.validators.Difference;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SnapshotSessions;
import dev.lockstep.validators.TablePair;
import dev.lockstep.validators.Verdict;
import java.util.List;
import java.util.Map;

/// Two databases, and how tests have them compared: as a run does, at exported snapshots that are
/// let go of as soon as the sessions stand in them.
record Scene(Db active, Db standby) {
    static final Checksums.Shown SHOWN = new Checksums.Shown(Checksums.Shown.USUAL, Mask.NONE);
    private static final String EXPORT = "SELECT pg_export_snapshot()";

    /// Runs statements on both sides, or on one.
    void both(String sql) {
        onActive(sql);
        onStandby(sql);
    }

    void onActive(String sql) {
        Pair.run(active, sql);
    }

    void onStandby(String sql) {
        Pair.run(standby, sql);
    }

    Verdict checksums() {
        return checksums(Mapping.NONE, () -> {});
    }

    /// `between` runs when the sessions are open and nothing has been compared yet.
    Verdict checksums(Mapping mapping, Runnable between) {
        try (SnapshotSessions sessions = open(mapping)) {
            between.run();
            return new Checksums(Progress.NONE, SHOWN).validate(sessions.sides());
        }
    }

    /// The differences that checksums find, all of them shown.
    List<Difference> differences() {
        return differences(checksums());
    }

    static List<Difference> differences(Verdict verdict) {
        return switch (verdict) {
            case Verdict.Match _ -> List.of();
            case Verdict.Mismatch mismatch -> mismatch.shown();
        };
    }

    SnapshotSessions open(Mapping mapping) {
        try (Session activeHolder = active.session("hold");
                Session standbyHolder = standby.session("hold")) {
            activeHolder.beginSnapshot(false);
            standbyHolder.beginSnapshot(false);
            Snapshot activeSnapshot = new Snapshot(active, activeHolder.one(EXPORT));
            Snapshot standbySnapshot = new Snapshot(standby, standbyHolder.one(EXPORT));
            List<TablePair> pairs = pairs(activeHolder, standbyHolder, mapping);
            return SnapshotSessions.open(new Comparison(activeSnapshot, standbySnapshot, pairs, 3));
        }
    }

    private static List<TablePair> pairs(Session active, Session standby, Mapping mapping) {
        Catalog there = Catalog.read(standby, Scope.ALL);
        return Catalog.read(active, Scope.ALL).rowTables().stream()
                .map(table -> pair(table, there, mapping))
                .toList();
    }

    private static TablePair pair(Table table, Catalog there, Mapping mapping) {
        Table standby = there.table(mapping.table(table.name())).orElseThrow();
        Mapping.Rule rule = mapping.rules().get(table.name());
        return new TablePair(table, standby, rule == null ? Map.of() : rule.columns());
    }
}
