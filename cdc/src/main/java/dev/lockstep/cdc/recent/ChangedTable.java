package dev.lockstep.cdc.recent;

import dev.lockstep.plans.sql.Lsn;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The keys of one table's rows that were changed, each with the end of the transaction that did so
/// last. Once they are too many, or one is not known, that of the last change of any row.
final class ChangedTable {
    /// About what a key takes besides its characters.
    private static final int OVERHEAD = 2;

    private final Map<List<String>, Lsn> rows = new HashMap<>();
    private List<String> columns = List.of();
    private boolean keyless;
    private Lsn whole = Lsn.ZERO;
    private long chars;

    /// Whether nothing more is remembered of it than the last change.
    boolean isWhole() {
        return whole.isAfter(Lsn.ZERO);
    }

    int size() {
        return rows.size();
    }

    long chars() {
        return chars;
    }

    void add(List<String> names, List<String> key, Lsn end) {
        if (!rows.isEmpty() && !names.equals(columns)) {
            becomeWhole(end);
        }
        if (isWhole()) {
            whole = whole.max(end);
            return;
        }
        columns = names;
        Lsn before = rows.put(key, end);
        if (before == null) {
            chars += charsOf(key);
        } else if (before.isAfter(end)) {
            rows.put(key, before);
        }
    }

    void addKeyless(Lsn end) {
        keyless = true;
        becomeWhole(end);
    }

    /// From now on any row may have been changed, the last one in a transaction that ends at `end`.
    void becomeWhole(Lsn end) {
        whole = whole.max(end);
        rows.values().forEach(each -> whole = whole.max(each));
        rows.clear();
        chars = 0;
    }

    /// Gives up its keys.
    void forgetKeys() {
        becomeWhole(Lsn.ZERO);
    }

    /// Drops what was changed up to `position`.
    void dropUpTo(Lsn position) {
        if (!whole.isAfter(position)) {
            whole = Lsn.ZERO;
            keyless = false;
        }
        rows.values().removeIf(end -> !end.isAfter(position));
        chars = rows.keySet().stream().mapToLong(ChangedTable::charsOf).sum();
    }

    /// What was changed after `position`; nothing, where that is no key.
    Changed.OfTable since(Lsn position) {
        if (whole.isAfter(position)) {
            return keyless ? new Changed.OfTable.Keyless() : new Changed.OfTable.Whole();
        }
        List<List<String>> keys =
                rows.entrySet().stream()
                        .filter(row -> row.getValue().isAfter(position))
                        .map(Map.Entry::getKey)
                        .toList();
        return new Changed.OfTable.Rows(columns, keys);
    }

    private static long charsOf(List<String> key) {
        return key.stream().mapToLong(value -> value.length() + OVERHEAD).sum();
    }
}
