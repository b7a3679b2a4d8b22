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
import dev.lockstep.plans.fault.Amount;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The changes of one table with a key: gathered and folded, written when they must be.
final class KeyedTable {
    private final Writer writer;
    private final Coalescer rows;
    private final Unfinished unfinished;
    private final boolean strict;
    private final TableName name;

    /// Writes rows of one table. Each says how many it touched; what that means is not its to say.
    interface Writer {
        /// The table.
        TableName standby();

        /// The positions in tuples of what names a row.
        int[] key();

        /// `update` with what its old tuple can tell of values that were not sent.
        Update completed(Update update);

        long insert(List<Tuple> added);

        /// Gives rows other values; all of them are full.
        long update(List<Tuple> altered);

        /// Gives one row the values that `row` carries.
        long patch(Tuple row);

        long delete(List<Tuple> keys);

        /// Gives the row with `before`'s key the key and values of `after`.
        long move(Tuple before, Tuple after);
    }

    /// Rows that wait to be copied again.
    interface Unfinished {
        boolean has(TableName table, List<@Nullable String> key);

        void add(TableName table, List<@Nullable String> key);
    }

    KeyedTable(Writer writer, Unfinished unfinished, boolean strict) {
        this.writer = writer;
        this.rows = new Coalescer(writer.key(), strict);
        this.unfinished = unfinished;
        this.strict = strict;
        this.name = writer.standby();
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
    /// already or not yet copied; and what is there under its key may be another row of a later
    /// moment, so no value is taken from it.
    private void move(Update update) {
        Tuple before = update.before().orElseThrow();
        if (strict) {
            expect("UPDATE of the key", 1, writer.move(before, update.after()));
        } else if (isUnfinished(update.after())) {
            writer.delete(List.of(before));
        } else if (update.after().isFull()) {
            writer.delete(List.of(before, update.after()));
            writer.insert(List.of(update.after()));
        } else {
            writer.delete(List.of(before));
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
                    ("%s of %s of table \"%s\" met %d on the standby; the databases differ,"
                                    + " run validate")
                            .formatted(verb, Amount.of(wanted, "row"), name, touched));
        }
    }
}
