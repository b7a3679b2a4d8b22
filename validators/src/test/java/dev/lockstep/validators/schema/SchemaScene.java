package dev.lockstep.validators.schema;

import dev.lockstep.plans.catalog.Catalog;
import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.catalog.Sequence;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.Snapshot;
import dev.lockstep.testing.Pair;
import dev.lockstep.validators.Comparison;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.SnapshotSessions;
import dev.lockstep.validators.TablePair;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Two databases, and what all checks have to say of them, the source being active.
record SchemaScene(Pair pair, Mapping mapping) {
    private static final String EXPORT = "SELECT pg_export_snapshot()";

    SchemaScene(Pair pair) {
        this(pair, Mapping.NONE);
    }

    void onActive(String sql) {
        Pair.run(pair.source(), sql);
    }

    void onStandby(String sql) {
        Pair.run(pair.target(), sql);
    }

    /// What the catalogs and the rows tell.
    List<Finding> findings() {
        List<Finding> all = new ArrayList<>(orphans(Progress.NONE, () -> {}));
        all.addAll(catalogs(() -> {}));
        return all;
    }

    /// `between` runs when it is known what to look at, and nothing was looked at yet.
    List<Finding> catalogs(Runnable between) {
        try (Session active = pair.source().session("checks");
                Session standby = pair.target().session("checks")) {
            active.run("SET lock_timeout = '2s'");
            standby.run("SET lock_timeout = '2s'");
            Extent extent = extent(active, standby);
            between.run();
            return SchemaChecks.all(new SessionPair(active, standby), extent);
        }
    }

    /// `between` runs when the snapshots are taken and nothing was read yet.
    List<Finding> orphans(Progress progress, Runnable between) {
        try (Session active = pair.source().session("hold");
                Session standby = pair.target().session("hold")) {
            active.beginSnapshot(false);
            standby.beginSnapshot(false);
            Extent extent = extent(active, standby);
            Comparison comparison =
                    new Comparison(
                            new Snapshot(pair.source(), active.one(EXPORT)),
                            new Snapshot(pair.target(), standby.one(EXPORT)),
                            extent.tables(),
                            2);
            try (SnapshotSessions sessions = SnapshotSessions.open(comparison)) {
                active.rollback();
                standby.rollback();
                between.run();
                return new Orphans(progress).check(sessions.sides(), extent);
            }
        }
    }

    private Extent extent(Session active, Session standby) {
        Catalog here = Catalog.read(active, Scope.ALL);
        Catalog there = Catalog.read(standby, Scope.ALL);
        Mapping all = mapping.withPartitions(here);
        List<TablePair> pairs = new ArrayList<>();
        for (Table table : here.tables().values()) {
            Map<String, String> columns = new LinkedHashMap<>();
            table.columns().forEach(c -> columns.put(c.name(), all.column(table.name(), c.name())));
            there.table(all.table(table.name()))
                    .ifPresent(partner -> pairs.add(new TablePair(table, partner, columns)));
        }
        return new Extent(pairs, sequences(here, there, all));
    }

    private static Map<TableName, TableName> sequences(Catalog here, Catalog there, Mapping all) {
        Map<TableName, TableName> found = new HashMap<>();
        for (Sequence sequence : here.sequences()) {
            there.sequences().stream()
                    .filter(other -> isPartner(sequence, other, all))
                    .findFirst()
                    .ifPresent(other -> found.put(sequence.name(), other.name()));
        }
        return found;
    }

    private static boolean isPartner(Sequence sequence, Sequence other, Mapping all) {
        return sequence.ownedBy().isEmpty()
                ? other.name().equals(sequence.name())
                : other.ownedBy().equals(sequence.ownedBy().map(all::table));
    }
}
