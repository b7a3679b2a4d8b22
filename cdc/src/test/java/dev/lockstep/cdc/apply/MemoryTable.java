package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Change.RowChange;
import dev.lockstep.cdc.change.Change.Update;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.LockstepException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// A standby's table without a database. What a batch does to it is decided by the real
/// [KeyedTable], and by the order of attempts that [BatchWriter] has.
public final class MemoryTable implements KeyedTable.Writer, KeyedTable.Unfinished {
    public static final Layout LAYOUT =
            new Layout(
                    new TableName("public", "item"),
                    List.of(
                            new Layout.Field("id", 1),
                            new Layout.Field("small", 2),
                            new Layout.Field("large", 3)),
                    List.of("id"));
    private static final int[] KEY = {0};

    private final boolean strict;
    private Map<String, Tuple> rows;
    private Set<String> unfinished;

    /// What came of a batch.
    ///
    /// @param fits whether every change met what it had to
    public record Written(Map<String, Tuple> rows, Set<String> unfinished, boolean fits) {}

    /// A key that is there already.
    private static final class Taken extends RuntimeException {}

    private MemoryTable(Map<String, Tuple> rows, Set<String> unfinished, boolean strict) {
        this.rows = new TreeMap<>(rows);
        this.unfinished = new TreeSet<>(unfinished);
        this.strict = strict;
    }

    /// Writes `changes` as one batch.
    public static Written write(
            Map<String, Tuple> rows, Set<String> unfinished, List<Change> changes, boolean strict) {
        MemoryTable table = new MemoryTable(rows, unfinished, strict);
        try {
            table.write(changes);
            return new Written(table.rows, table.unfinished, true);
        } catch (LockstepException | Taken e) {
            return new Written(rows, unfinished, false);
        }
    }

    private void write(List<Change> changes) {
        MemoryTable before = new MemoryTable(rows, unfinished, strict);
        try {
            fold(changes);
        } catch (Taken e) {
            back(before);
            changes.forEach(this::writeAlone);
        }
    }

    private void back(MemoryTable to) {
        rows = new TreeMap<>(to.rows);
        unfinished = new TreeSet<>(to.unfinished);
    }

    private void fold(List<Change> changes) {
        KeyedTable table = new KeyedTable(this, this, strict);
        changes.forEach(change -> table.add((RowChange) change));
        table.flush();
    }

    private void writeAlone(Change change) {
        MemoryTable before = new MemoryTable(rows, unfinished, strict);
        try {
            fold(List.of(change));
        } catch (Taken e) {
            if (strict) {
                throw e;
            }
            back(before);
            new KeyedTable(this, this, false).giveUp((RowChange) change);
        }
    }

    private static String keyOf(Tuple row) {
        return String.valueOf(row.value(0));
    }

    @Override
    public TableName standby() {
        return LAYOUT.table();
    }

    @Override
    public int[] key() {
        return KEY.clone();
    }

    @Override
    public Update completed(Update update) {
        return update;
    }

    @Override
    public long insert(List<Tuple> added) {
        for (Tuple row : added) {
            if (rows.putIfAbsent(keyOf(row), row) != null) {
                throw new Taken();
            }
        }
        return added.size();
    }

    @Override
    public long update(List<Tuple> altered) {
        return altered.stream().filter(row -> rows.replace(keyOf(row), row) != null).count();
    }

    @Override
    public long patch(Tuple row) {
        return rows.computeIfPresent(keyOf(row), (_, old) -> row.over(old)) == null ? 0 : 1;
    }

    @Override
    public long delete(List<Tuple> keys) {
        return keys.stream().filter(row -> rows.remove(keyOf(row)) != null).count();
    }

    @Override
    public long move(Tuple before, Tuple after) {
        Tuple old = rows.remove(keyOf(before));
        return old == null ? 0 : insert(List.of(after.over(old)));
    }

    @Override
    public boolean has(TableName table, List<@Nullable String> key) {
        return unfinished.contains(String.valueOf(key.getFirst()));
    }

    @Override
    public void add(TableName table, List<@Nullable String> key) {
        unfinished.add(String.valueOf(key.getFirst()));
    }
}
