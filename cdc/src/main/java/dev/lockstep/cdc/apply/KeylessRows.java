package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Tuple;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Folds the changes of one table in which only the whole row names a row; of several that are
/// alike, any one is meant. Pure: no database, no clock.
final class KeylessRows {
    private final int[] columns;
    private final Map<List<@Nullable String>, Deque<Made>> made = new LinkedHashMap<>();
    private final List<Tuple> removed = new ArrayList<>();

    /// A row that these changes made: of one that was there before, or anew.
    private record Made(Optional<Tuple> before, Tuple row) {}

    /// What changes come to.
    ///
    /// @param removed rows that were there before and are not any more
    /// @param altered rows that were there before, each as what is in its place at the same index
    ///   of `after`
    /// @param added rows that were not there before
    record Net(List<Tuple> removed, List<Tuple> altered, List<Tuple> after, List<Tuple> added) {}

    /// @param columns the positions in tuples that make a row
    KeylessRows(int[] columns) {
        this.columns = columns;
    }

    void add(Change.Insert insert) {
        make(new Made(Optional.empty(), insert.after()));
    }

    /// Takes in that `before`, as the update names it, has other values.
    void add(Change.Update update, Tuple before) {
        Optional<Made> own = unmake(before);
        Optional<Tuple> first = own.map(Made::before).orElse(Optional.of(before));
        make(new Made(first, update.after().over(before)));
    }

    void add(Change.Delete delete) {
        Optional<Made> own = unmake(delete.before());
        own.map(Made::before).orElse(Optional.of(delete.before())).ifPresent(removed::add);
    }

    private void make(Made row) {
        made.computeIfAbsent(Coalescer.keyOf(row.row(), columns), _ -> new ArrayDeque<>()).add(row);
    }

    private Optional<Made> unmake(Tuple row) {
        Deque<Made> alike = made.get(Coalescer.keyOf(row, columns));
        return alike == null ? Optional.empty() : Optional.ofNullable(alike.pollLast());
    }

    /// What came of it; nothing is left here.
    Net take() {
        Net net =
                new Net(
                        List.copyOf(removed),
                        new ArrayList<>(),
                        new ArrayList<>(),
                        new ArrayList<>());
        for (Deque<Made> alike : made.values()) {
            for (Made row : alike) {
                row.before().ifPresent(net.altered()::add);
                (row.before().isPresent() ? net.after() : net.added()).add(row.row());
            }
        }
        removed.clear();
        made.clear();
        return net;
    }
}
