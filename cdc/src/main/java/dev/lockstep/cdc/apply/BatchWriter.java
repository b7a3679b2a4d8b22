package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Change.RowChange;
import dev.lockstep.cdc.change.Change.Truncate;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.SqlStates;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// Writes a list of changes inside the open transaction: folded and set-wise first; where that
/// trips over a unique key, because the folding changed the order, in parts, and in the end one by
/// one as they happened.
///
/// While the changes overlap with the copy (`strict` off) a row is written whatever was there, and
/// one that cannot be completed is left to [UnfinishedRows]. Later every change must fit exactly.
final class BatchWriter {
    private static final String SAVEPOINT = "lockstep_batch";
    private static final int PARTS = 8;
    private static final Set<String> NOT_AT_ONCE =
            Set.of(SqlStates.NOT_SUPPORTED, SqlStates.LOCK_NOT_AVAILABLE);

    private final Session session;
    private final Map<TableName, Route> routes;
    private final UnfinishedRows unfinished;
    private final Map<Layout, Target> targets = new LinkedHashMap<>();
    private final Map<Layout, Integer> numbers = new HashMap<>();
    private boolean strict;

    /// How one table is written.
    private sealed interface Target {
        record Keyed(KeyedTable table) implements Target {}

        record Keyless(KeylessWriter writer) implements Target {}
    }

    BatchWriter(
            Session session, Collection<Route> routes, UnfinishedRows unfinished, boolean strict) {
        this.session = session;
        this.routes = routes.stream().collect(Collectors.toMap(r -> r.active().name(), r -> r));
        this.unfinished = unfinished;
        this.strict = strict;
    }

    boolean isStrict() {
        return strict;
    }

    void becomeStrict() {
        strict = true;
        targets.clear();
        unfinished.reload();
    }

    /// What of a change, committed at `end`, is not in the copy already.
    Optional<Change> wanted(Change change, Lsn end) {
        return switch (change) {
            case RowChange row when isCopied(row.layout().table(), end) -> Optional.empty();
            case Truncate(var tables) -> {
                List<TableName> left = tables.stream().filter(t -> !isCopied(t, end)).toList();
                yield left.isEmpty() ? Optional.empty() : Optional.of(new Truncate(left));
            }
            case RowChange _, Change.Begin _, Change.Commit _, Change.Marker _ ->
                    Optional.of(change);
        };
    }

    private boolean isCopied(TableName table, Lsn end) {
        return !end.isAfter(route(table).copiedAt());
    }

    /// Writes `changes`, to the same effect as in their order.
    void write(List<Change> changes) {
        unfinished.settle();
        try {
            writeFolded(changes);
        } catch (LockstepException e) {
            String state = SqlStates.of(e).orElse("");
            throw state.startsWith("22") || state.startsWith("23") ? refused(e) : e;
        }
    }

    private LockstepException refused(LockstepException e) {
        return new LockstepException(
                Fault.CHANGE_REFUSED,
                ("the standby refuses a change that the active took: %s; have it take what the"
                                + " active takes, such as a value of an enum or a constraint that"
                                + " differs, and run again")
                        .formatted(e.text()),
                e);
    }

    private void writeFolded(List<Change> changes) {
        session.run("SAVEPOINT " + SAVEPOINT);
        int before = unfinished.added();
        try {
            changes.forEach(this::fold);
            flush();
        } catch (LockstepException e) {
            if (!isUniqueViolation(e)) {
                throw e;
            }
            session.run("ROLLBACK TO SAVEPOINT " + SAVEPOINT);
            forget(before);
            writeApart(changes);
        }
        session.run("RELEASE SAVEPOINT " + SAVEPOINT);
    }

    /// Writes in parts what cannot be folded as a whole, so that only changes around the one that
    /// stands in the way are written alone.
    private void writeApart(List<Change> changes) {
        int part = changes.size() / PARTS;
        if (part < PARTS) {
            changes.forEach(this::writeAlone);
            return;
        }
        for (int from = 0; from < changes.size(); from += part) {
            writeFolded(changes.subList(from, Math.min(from + part, changes.size())));
        }
    }

    /// What was gathered came to nothing, and so did the unfinished rows but the first `kept` of
    /// this transaction.
    private void forget(int kept) {
        targets.clear();
        unfinished.forget(kept);
    }

    private static boolean isUniqueViolation(LockstepException e) {
        String state = SqlStates.of(e).orElse("");
        return state.equals(SqlStates.UNIQUE_VIOLATION)
                || state.equals(SqlStates.EXCLUSION_VIOLATION);
    }

    private void fold(Change change) {
        switch (change) {
            case RowChange row -> {
                switch (target(row.layout())) {
                    case Target.Keyless(KeylessWriter writer) -> writer.add(row);
                    case Target.Keyed(KeyedTable table) -> table.add(row);
                }
            }
            case Truncate truncate -> truncate(truncate);
            case Change.Begin _, Change.Commit _, Change.Marker _ -> {}
        }
    }

    private void flush() {
        targets.values().forEach(BatchWriter::flush);
    }

    private static void flush(Target target) {
        switch (target) {
            case Target.Keyless(KeylessWriter writer) -> writer.flush();
            case Target.Keyed(KeyedTable table) -> table.flush();
        }
    }

    private void writeAlone(Change change) {
        if (strict) {
            fold(change);
            flush();
            return;
        }
        session.run("SAVEPOINT lockstep_row");
        int before = unfinished.added();
        try {
            fold(change);
            flush();
        } catch (LockstepException e) {
            if (!isUniqueViolation(e) || !(change instanceof RowChange row)) {
                throw e;
            }
            // The standby holds a later state of another row here; the two meet again at a cut.
            session.run("ROLLBACK TO SAVEPOINT lockstep_row");
            forget(before);
            giveUp(row);
        }
        session.run("RELEASE SAVEPOINT lockstep_row");
    }

    private void giveUp(RowChange change) {
        switch (target(change.layout())) {
            case Target.Keyed(KeyedTable table) -> table.giveUp(change);
            case Target.Keyless _ ->
                    throw new LockstepException(
                            Fault.CHANGE_REFUSED,
                            "a change of table \"%s\" met a unique key that the standby alone has"
                                    .formatted(change.layout().table()));
        }
    }

    /// What the active emptied in one statement may not be so on the standby: a partition that a
    /// foreign key of the partitioned table points to, a table whose referrer was copied after the
    /// statement, or one that somebody reads for long. They are emptied row by row then.
    private void truncate(Truncate truncate) {
        flush();
        List<String> tables =
                truncate.tables().stream()
                        .map(t -> "ONLY " + route(t).standby().name().sql())
                        .toList();
        session.run("SAVEPOINT lockstep_truncate");
        try {
            session.run("SET LOCAL lock_timeout = '2s'");
            session.run("TRUNCATE " + String.join(", ", tables));
            session.limitLockWaits();
        } catch (LockstepException e) {
            if (!NOT_AT_ONCE.contains(SqlStates.of(e).orElse(""))) {
                throw e;
            }
            session.run("ROLLBACK TO SAVEPOINT lockstep_truncate");
            tables.forEach(table -> session.run("DELETE FROM " + table));
        }
        session.run("RELEASE SAVEPOINT lockstep_truncate");
    }

    private Target target(Layout layout) {
        Target known = targets.get(layout);
        if (known != null) {
            return known;
        }
        writeOlderForms(layout.table());
        Target made = makeTarget(layout);
        targets.put(layout, made);
        return made;
    }

    /// A table that comes in another form from now on: what came before is written before.
    private void writeOlderForms(TableName table) {
        targets.entrySet()
                .removeIf(older -> {
                    boolean same = older.getKey().table().equals(table);
                    if (same) {
                        flush(older.getValue());
                    }
                    return same;
                });
    }

    private Target makeTarget(Layout layout) {
        Route route = route(layout.table());
        if (route.keyIn(layout).length == 0) {
            return new Target.Keyless(new KeylessWriter(session, route, layout));
        }
        int number = numbers.computeIfAbsent(layout, _ -> numbers.size());
        TableWriter writer = new TableWriter(session, route, layout, number);
        return new Target.Keyed(new KeyedTable(writer, unfinished, strict));
    }

    private Route route(TableName table) {
        Route route = routes.get(table);
        if (route == null) {
            throw new LockstepException(
                    Fault.CHANGE_REFUSED,
                    ("table \"%s\" came into scope while the run was under way; exclude it,"
                                    + " or abort and start afresh")
                            .formatted(table));
        }
        return route;
    }
}
