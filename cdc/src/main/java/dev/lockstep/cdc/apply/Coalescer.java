package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.apply.Coalescer.Net.Added;
import dev.lockstep.cdc.apply.Coalescer.Net.Altered;
import dev.lockstep.cdc.apply.Coalescer.Net.Removed;
import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Tuple;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Folds the changes of one table into one change a row. Pure: no database, no clock.
///
/// Changes of a key are not folded; the caller writes what is here first, then the change.
final class Coalescer {
    private final int[] key;
    private final boolean exact;
    private final Map<List<@Nullable String>, Net> rows = new LinkedHashMap<>();

    /// @param key the positions of the key in tuples
    /// @param exact whether the standby held just what the active did before each change; where the
    ///   copy overlaps, a row that was added and removed may have been copied in between
    Coalescer(int[] key, boolean exact) {
        this.key = key;
        this.exact = exact;
    }

    /// The values of `tuple` that name its row.
    static List<@Nullable String> keyOf(Tuple tuple, int[] key) {
        @Nullable String[] values = new @Nullable String[key.length];
        for (int i = 0; i < key.length; i++) {
            values[i] = tuple.value(key[i]);
        }
        return Arrays.asList(values);
    }

    /// Whether `update` gives its row another key.
    static boolean movesKey(Change.Update update, int[] key) {
        return update.before().isPresent()
                && !keyOf(update.before().get(), key).equals(keyOf(update.after(), key));
    }

    void add(Change.Insert insert) {
        List<@Nullable String> row = keyOf(insert.after(), key);
        Net now = rows.get(row);
        boolean wasThere = now instanceof Removed || now instanceof Altered;
        rows.put(row, wasThere ? new Altered(insert.after()) : new Added(insert.after()));
    }

    void add(Change.Update update) {
        List<@Nullable String> row = keyOf(update.after(), key);
        Net now = rows.get(row);
        rows.put(
                row,
                switch (now) {
                    case Added(Tuple older) -> new Added(update.after().over(older));
                    case Altered(Tuple older) -> new Altered(update.after().over(older));
                    case Removed _ -> new Altered(update.after());
                    case null -> new Altered(update.after());
                });
    }

    void add(Change.Delete delete) {
        List<@Nullable String> row = keyOf(delete.before(), key);
        Net now = rows.get(row);
        if (exact && now instanceof Added) {
            rows.remove(row);
        } else {
            rows.put(row, new Removed(delete.before()));
        }
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    /// What came of it, one entry a row; the coalescer is empty afterwards.
    Collection<Net> take() {
        List<Net> taken = new ArrayList<>(rows.values());
        rows.clear();
        return taken;
    }

    /// What all changes of a batch to one row come to.
    sealed interface Net {
        /// The row was not there before and is now.
        record Added(Tuple row) implements Net {}

        /// The row was there and is still, with other values; large ones may be missing.
        record Altered(Tuple row) implements Net {}

        /// The row was there and is not any more.
        record Removed(Tuple key) implements Net {}
    }
}
