package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.apply.Net.Added;
import dev.lockstep.cdc.apply.Net.Altered;
import dev.lockstep.cdc.apply.Net.Removed;
import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Change.Delete;
import dev.lockstep.cdc.change.Change.Insert;
import dev.lockstep.cdc.change.Change.RowChange;
import dev.lockstep.cdc.change.Change.Truncate;
import dev.lockstep.cdc.change.Change.Update;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.SqlStates;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Writes a list of changes inside the open transaction: folded and set-wise first; where that
/// trips over a unique key, because the folding changed the order, one by one as they happened.
///
/// While the changes overlap with the copy (`strict` off) a row is written whatever was there, and
/// one that cannot be completed is left to [UnfinishedRows]. Later every change must fit exactly.
final class BatchWriter {
    private static final String SAVEPOINT = "lockstep_batch";

    private final Session session;
    private final Map<TableName, Route> routes;
    private final UnfinishedRows unfinished;
    private final Map<Layout, Target> targets = new LinkedHashMap<>();
    private final Map<Layout, Integer> numbers = new HashMap<>();
    private boolean strict;

    /// How one table is written.
    private sealed interface Target {
        record Keyed(TableWriter writer, Coalescer rows) implements Target {}

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

    /// Whether a change of `table`, committed at `end`, is to be written at all.
    boolean wants(Change change, dev.lockstep.plans.sql.Lsn end) {
        return switch (change) {
            case RowChange row -> end.isAfter(route(row.layout().table()).copiedAt());
            case Truncate(var tables) ->
                    tables.stream().anyMatch(t -> end.isAfter(route(t).copiedAt()));
            case Change.Begin _, Change.Commit _, Change.Marker _ -> true;
        };
    }

    /// Writes `changes` in their effect's order.
    void write(List<Change> changes) {
        session.run("SAVEPOINT " + SAVEPOINT);
        try {
            changes.forEach(this::fold);
            targets.values().forEach(this::flush);
        } catch (LockstepException e) {
            if (!isUniqueViolation(e)) {
                throw e;
            }
            session.run("ROLLBACK TO SAVEPOINT " + SAVEPOINT);
            targets.clear();
            unfinished.reload();
            changes.forEach(this::writeAlone);
        }
        session.run("RELEASE SAVEPOINT " + SAVEPOINT);
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
                    case Target.Keyed keyed -> foldKeyed(keyed, row);
                }
            }
            case Truncate truncate -> truncate(truncate);
            case Change.Begin _, Change.Commit _, Change.Marker _ -> {}
        }
    }

    private void foldKeyed(Target.Keyed target, RowChange raw) {
        int[] key = target.writer().key();
        RowChange change = raw instanceof Update update ? target.writer().completed(update) : raw;
        if (change instanceof Update update && Coalescer.movesKey(update, key)) {
            flush(target);
            move(target.writer(), update);
            return;
        }
        Tuple named = change instanceof Delete delete ? delete.before() : after(change);
        if (unfinished.has(target.writer().route().standby().name(), keyOf(named, key))) {
            return;
        }
        switch (change) {
            case Insert insert -> target.rows().add(insert);
            case Update update -> target.rows().add(update);
            case Delete delete -> target.rows().add(delete);
        }
    }

    private static Tuple after(RowChange change) {
        return switch (change) {
            case Insert insert -> insert.after();
            case Update update -> update.after();
            case Delete delete -> delete.before();
        };
    }

    private static List<@Nullable String> keyOf(Tuple tuple, int[] key) {
        return Coalescer.keyOf(tuple, key);
    }

    private void flush(Target target) {
        switch (target) {
            case Target.Keyless(KeylessWriter writer) -> writer.flush();
            case Target.Keyed(TableWriter writer, Coalescer rows) -> {
                if (!rows.isEmpty()) {
                    write(writer, rows.take());
                }
            }
        }
    }

    private void write(TableWriter writer, Collection<Net> rows) {
        List<Tuple> remove = new ArrayList<>();
        List<Tuple> add = new ArrayList<>();
        List<Tuple> update = new ArrayList<>();
        List<Tuple> patch = new ArrayList<>();
        for (Net row : rows) {
            switch (row) {
                case Removed(Tuple key) -> remove.add(key);
                case Added(Tuple full) -> add.add(full);
                case Altered(Tuple full) when full.isFull() -> update.add(full);
                case Altered(Tuple partial) -> patch.add(partial);
            }
        }
        if (!strict) {
            add.addAll(update);
            remove.addAll(add);
            update.clear();
        }
        if (!remove.isEmpty()) {
            expect(writer, "DELETE", remove.size(), writer.delete(remove));
        }
        if (!update.isEmpty()) {
            expect(writer, "UPDATE", update.size(), writer.update(update));
        }
        patch.forEach(row -> patch(writer, row));
        if (!add.isEmpty()) {
            expect(writer, "INSERT", add.size(), writer.insert(add));
        }
    }

    private void patch(TableWriter writer, Tuple row) {
        long touched = writer.patch(row);
        if (strict) {
            expect(writer, "UPDATE", 1, touched);
        } else if (touched == 0) {
            leaveUnfinished(writer, row);
        }
    }

    /// Writes a change of key. Before the standby is strict the old row may be missing, moved
    /// already or not yet copied.
    private void move(TableWriter writer, Update update) {
        Tuple before = update.before().orElseThrow();
        if (strict) {
            expect(writer, "UPDATE of the key", 1, writer.move(before, update.after()));
            return;
        }
        if (update.after().isFull()) {
            writer.delete(List.of(before, update.after()));
            writer.insert(List.of(update.after()));
        } else if (unfinished.has(writer.route().standby().name(), keyOf(before, writer.key()))
                || writer.move(before, update.after()) == 0) {
            leaveUnfinished(writer, update.after());
        }
    }

    private void leaveUnfinished(TableWriter writer, Tuple row) {
        writer.delete(List.of(row));
        unfinished.add(writer.route().standby().name(), keyOf(row, writer.key()));
    }

    private void writeAlone(Change change) {
        if (strict) {
            fold(change);
            targets.values().forEach(this::flush);
            return;
        }
        session.run("SAVEPOINT lockstep_row");
        try {
            fold(change);
            targets.values().forEach(this::flush);
        } catch (LockstepException e) {
            if (!isUniqueViolation(e) || !(change instanceof RowChange row)) {
                throw e;
            }
            // The standby holds a later state of another row here; the two meet again at a cut.
            session.run("ROLLBACK TO SAVEPOINT lockstep_row");
            targets.clear();
            unfinished.reload();
            giveUp(row);
        }
        session.run("RELEASE SAVEPOINT lockstep_row");
    }

    private void giveUp(RowChange change) {
        if (!(target(change.layout()) instanceof Target.Keyed(TableWriter writer, Coalescer _))) {
            throw new LockstepException(
                    Fault.CHANGE_REFUSED,
                    "a change of table \"%s\" met a unique key that the standby alone has"
                            .formatted(change.layout().table()));
        }
        RowChange whole = change instanceof Update update ? writer.completed(update) : change;
        leaveUnfinished(writer, after(whole));
        if (change instanceof Update(Layout _, var before, Tuple _) && before.isPresent()) {
            leaveUnfinished(writer, before.get());
        }
    }

    private void truncate(Truncate truncate) {
        targets.values().forEach(this::flush);
        String tables =
                truncate.tables().stream()
                        .map(t -> "ONLY " + route(t).standby().name().sql())
                        .collect(Collectors.joining(", "));
        session.run("TRUNCATE " + tables);
    }

    private void expect(TableWriter writer, String verb, long wanted, long touched) {
        if (strict && wanted != touched) {
            throw new LockstepException(
                    Fault.CHANGE_REFUSED,
                    ("%s of %d rows of table \"%s\" met %d on the standby; the databases "
                                    + "differ, run validate")
                            .formatted(verb, wanted, writer.route().standby().name(), touched));
        }
    }

    private Target target(Layout layout) {
        Target known = targets.get(layout);
        if (known != null) {
            return known;
        }
        Route route = route(layout.table());
        Target made;
        if (route.key().isPresent()) {
            TableWriter writer = new TableWriter(session, route, layout, number(layout));
            made = new Target.Keyed(writer, new Coalescer(writer.key(), strict));
        } else {
            made = new Target.Keyless(new KeylessWriter(session, route, layout));
        }
        targets.put(layout, made);
        return made;
    }

    private int number(Layout layout) {
        return numbers.computeIfAbsent(layout, _ -> numbers.size());
    }

    private Route route(TableName table) {
        Route route = routes.get(table);
        if (route == null) {
            throw new LockstepException(
                    Fault.CHANGE_REFUSED,
                    ("table \"%s\" came into scope while the run was under way; exclude it, "
                                    + "or abort and start afresh")
                            .formatted(table));
        }
        return route;
    }
}
