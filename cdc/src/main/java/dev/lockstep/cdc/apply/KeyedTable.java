package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.apply.Coalescer.Net;
import dev.lockstep.cdc.apply.Coalescer.Net.Added;
import dev.lockstep.cdc.apply.Coalescer.Net.Altered;
import dev.lockstep.cdc.apply.Coalescer.Net.Removed;
import dev.lockstep.cdc.change.Change.Delete;
import dev.lockstep.cdc.change.Change.Insert;
import dev.lockstep.cdc.change.Change.RowChange;
import dev.lockstep.cdc.change.Change.Update;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The changes of one table with a key: gathered and folded, written when they must be.
final class KeyedTable {
    private final TableWriter writer;
    private final Coalescer rows;
    private final UnfinishedRows unfinished;
    private final boolean strict;
    private final TableName name;

    KeyedTable(TableWriter writer, UnfinishedRows unfinished, boolean strict) {
        this.writer = writer;
        this.rows = new Coalescer(writer.key(), strict);
        this.unfinished = unfinished;
        this.strict = strict;
        this.name = writer.route().standby().name();
    }

    /// Takes a change in. One of the key cannot be folded and is written at once, after the others.
    void add(RowChange change) {
        if (change instanceof Update raw) {
            Update update = writer.completed(raw);
            if (Coalescer.movesKey(update, writer.key())) {
                flush();
                move(update);
            } else if (!isUnfinished(update.after())) {
                rows.add(update);
            }
        } else if (change instanceof Insert insert && !isUnfinished(insert.after())) {
            rows.add(insert);
        } else if (change instanceof Delete delete && !isUnfinished(delete.before())) {
            rows.add(delete);
        }
    }

    /// Writes what was taken in.
    void flush() {
        if (rows.isEmpty()) {
            return;
        }
        List<Tuple> remove = new ArrayList<>();
        List<Tuple> add = new ArrayList<>();
        List<Tuple> update = new ArrayList<>();
        List<Tuple> patch = new ArrayList<>();
        for (Net row : rows.take()) {
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
            expect("DELETE", remove.size(), writer.delete(remove));
        }
        if (!update.isEmpty()) {
            expect("UPDATE", update.size(), writer.update(update));
        }
        patch.forEach(this::patch);
        if (!add.isEmpty()) {
            expect("INSERT", add.size(), writer.insert(add));
        }
    }

    /// Leaves the row of a change to be copied again, both under its old and its new key.
    void giveUp(RowChange change) {
        switch (change) {
            case Insert insert -> leaveUnfinished(insert.after());
            case Delete delete -> leaveUnfinished(delete.before());
            case Update update -> {
                leaveUnfinished(writer.completed(update).after());
                update.before().ifPresent(this::leaveUnfinished);
            }
        }
    }

    private void patch(Tuple row) {
        long touched = writer.patch(row);
        if (strict) {
            expect("UPDATE", 1, touched);
        } else if (touched == 0) {
            leaveUnfinished(row);
        }
    }

    /// Writes a change of key. Before the standby is strict the old row may be missing, moved
    /// already or not yet copied.
    private void move(Update update) {
        Tuple before = update.before().orElseThrow();
        if (strict) {
            expect("UPDATE of the key", 1, writer.move(before, update.after()));
        } else if (update.after().isFull()) {
            writer.delete(List.of(before, update.after()));
            writer.insert(List.of(update.after()));
        } else if (isUnfinished(before) || writer.move(before, update.after()) == 0) {
            leaveUnfinished(update.after());
        }
    }

    private void leaveUnfinished(Tuple row) {
        writer.delete(List.of(row));
        unfinished.add(name, keyOf(row));
    }

    private boolean isUnfinished(Tuple row) {
        return unfinished.has(name, keyOf(row));
    }

    private List<@Nullable String> keyOf(Tuple row) {
        return Coalescer.keyOf(row, writer.key());
    }

    private void expect(String verb, long wanted, long touched) {
        if (strict && wanted != touched) {
            throw new LockstepException(
                    Fault.CHANGE_REFUSED,
                    ("%s of %d rows of table \"%s\" met %d on the standby; the databases differ,"
                                    + " run validate")
                            .formatted(verb, wanted, name, touched));
        }
    }
}
