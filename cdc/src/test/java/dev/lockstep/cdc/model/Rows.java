package dev.lockstep.cdc.model;

import dev.lockstep.cdc.apply.MemoryTable;
import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Tuple;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// A table of at most two rows, each with a small and a large value of which there are two.
///
/// @param a the row of the first key: 0 where there is none, else 1 + 2 * small + large
/// @param b the row of the second
record Rows(int a, int b) {
    static final Rows NONE = new Rows(0, 0);

    /// A change, as an application makes it.
    ///
    /// @param row what the key has afterwards, or for a move the other key
    /// @param whole whether the large value has changed and comes with it
    record Op(Kind kind, int key, int row, boolean whole) {
        enum Kind {
            INSERT,
            UPDATE,
            DELETE,
            MOVE
        }

        /// As it comes in the log.
        Change change() {
            return switch (kind) {
                case INSERT -> new Change.Insert(MemoryTable.LAYOUT, tuple(key, row, true));
                case UPDATE ->
                        new Change.Update(
                                MemoryTable.LAYOUT, Optional.empty(), tuple(key, row, whole));
                case DELETE -> new Change.Delete(MemoryTable.LAYOUT, name(key));
                case MOVE ->
                        new Change.Update(
                                MemoryTable.LAYOUT,
                                Optional.of(name(key)),
                                tuple(1 - key, row, whole));
            };
        }

        private static Tuple name(int key) {
            return new Tuple(new String[] {Integer.toString(key), null, null});
        }
    }

    /// What a batch came to on the standby.
    ///
    /// @param unfinished a bit for each key that waits to be copied again
    record Batch(Rows rows, int unfinished, boolean fits) {}

    int get(int key) {
        return key == 0 ? a : b;
    }

    Rows with(int key, int row) {
        return key == 0 ? new Rows(row, b) : new Rows(a, row);
    }

    Rows after(Op op) {
        return switch (op.kind()) {
            case INSERT, UPDATE -> with(op.key(), op.row());
            case DELETE -> with(op.key(), 0);
            case MOVE -> with(op.key(), 0).with(1 - op.key(), op.row());
        };
    }

    Rows after(List<Op> ops) {
        Rows now = this;
        for (Op op : ops) {
            now = now.after(op);
        }
        return now;
    }

    /// What the real code makes of a batch.
    Batch written(List<Change> changes, int unfinished, boolean strict) {
        Map<String, Tuple> rows = new TreeMap<>();
        Set<String> waiting = new TreeSet<>();
        for (int key = 0; key < 2; key++) {
            if (get(key) != 0) {
                rows.put(Integer.toString(key), tuple(key, get(key), true));
            }
            if ((unfinished & 1 << key) != 0) {
                waiting.add(Integer.toString(key));
            }
        }
        MemoryTable.Written written = MemoryTable.write(rows, waiting, changes, strict);
        Rows after = NONE;
        int left = 0;
        for (int key = 0; key < 2; key++) {
            Tuple row = written.rows().get(Integer.toString(key));
            after = after.with(key, row == null ? 0 : code(row));
            left |= written.unfinished().contains(Integer.toString(key)) ? 1 << key : 0;
        }
        return new Batch(after, left, written.fits());
    }

    private static Tuple tuple(int key, int row, boolean whole) {
        return new Tuple(
                new String[] {
                    Integer.toString(key),
                    Integer.toString((row - 1) / 2),
                    whole ? Integer.toString((row - 1) % 2) : Tuple.UNCHANGED
                });
    }

    private static int code(Tuple row) {
        return 1 + 2 * number(row, 1) + number(row, 2);
    }

    private static int number(Tuple row, int index) {
        return Integer.parseInt(String.valueOf(row.value(index)));
    }
}
