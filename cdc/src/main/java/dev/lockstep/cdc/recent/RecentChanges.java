package dev.lockstep.cdc.recent;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Change.Delete;
import dev.lockstep.cdc.change.Change.Insert;
import dev.lockstep.cdc.change.Change.RowChange;
import dev.lockstep.cdc.change.Change.Truncate;
import dev.lockstep.cdc.change.Change.Update;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.plans.catalog.Column;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Lsn;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The keys of the rows that a stream has changed, in a bounded amount of memory: of the table with
/// the most of them only that it was changed is kept, once they are too many.
///
/// It hears of every transaction that is read from the log, in order, also of those that the
/// standby has already, and knows from the position before each whether one is missing.
///
/// Thread rule: the applier tells, anybody asks. An answer is complete up to what the applier has
/// reached, so whoever asks has waited for that.
public final class RecentChanges {
    /// What is remembered at most, and as a share of the heap.
    private static final long KEYS_MAX = Math.min(200_000, Runtime.getRuntime().maxMemory() >> 11);

    private static final long CHARS_MAX =
            Math.min(32L << 20, Runtime.getRuntime().maxMemory() >> 4);
    private static final int FORMS_MAX = 1_000;

    private final Map<TableName, Table> active;
    private final long keysMax;
    private final Map<TableName, ChangedTable> tables = new HashMap<>();
    private final Map<Layout, Naming> namings = new HashMap<>();
    private long keys;
    private long chars;
    private @Nullable Lsn baseline;
    private Lsn claimed = Lsn.ZERO;
    private Lsn since = Lsn.ZERO;
    private Lsn upTo = Lsn.ZERO;
    private boolean hasRead;

    /// How tuples of one layout name their row.
    ///
    /// @param columns as the active calls them; empty where nothing names a row, or that is not
    ///   known
    private record Naming(List<Integer> places, List<String> columns) {}

    /// Remembers nothing yet.
    ///
    /// @param active the tables that are carried
    public RecentChanges(Collection<Table> active) {
        this(active, KEYS_MAX);
    }

    RecentChanges(Collection<Table> active, long keysMax) {
        this.active = active.stream().collect(Collectors.toMap(Table::name, table -> table));
        this.keysMax = keysMax;
    }

    /// The log is read from its beginning, by an applier that found the standby at `position`.
    public synchronized void begin(Lsn position) {
        tables.clear();
        keys = 0;
        chars = 0;
        claimed = position;
        since = position;
        upTo = position;
        hasRead = false;
    }

    /// Changes up to `position` are of no interest any more; what came after it is, and is to be
    /// kept in the log too.
    public synchronized void keepSince(Lsn position) {
        baseline = position;
        since = since.max(position);
        tables.values().forEach(table -> alter(table, each -> each.dropUpTo(position)));
        tables.values().removeIf(table -> !table.isWhole() && table.size() == 0);
    }

    /// From where on changes are to be kept, if anybody wants that.
    public synchronized Optional<Lsn> keptSince() {
        return Optional.ofNullable(baseline);
    }

    /// Changes of a transaction, or a part of them.
    ///
    /// @param after the end of the transaction before it
    /// @param end where it ends itself
    public synchronized void read(Lsn after, Lsn end, List<Change> changes) {
        if (!hasRead || after.isAfter(upTo)) {
            since = baseline == null ? after : after.max(baseline);
        }
        upTo = hasRead ? upTo.max(end) : end;
        hasRead = true;
        if (baseline != null && !end.isAfter(baseline)) {
            return;
        }
        changes.forEach(change -> add(change, end));
    }

    /// What was changed after `position`; empty where that is not known in full.
    public synchronized Optional<Changed> since(Lsn position) {
        if (since.isAfter(position) || claimed.isAfter(upTo)) {
            return Optional.empty();
        }
        Map<TableName, Changed.OfTable> found = new HashMap<>();
        tables.forEach((name, table) -> {
            Changed.OfTable part = table.since(position);
            if (!(part instanceof Changed.OfTable.Rows rows && rows.keys().isEmpty())) {
                found.put(name, part);
            }
        });
        return Optional.of(new Changed(found));
    }

    /// The end of the last transaction that was read.
    public synchronized Lsn upTo() {
        return upTo;
    }

    private void add(Change change, Lsn end) {
        switch (change) {
            case RowChange row -> add(row, end);
            case Truncate(var emptied) -> emptied.forEach(name -> becomeWhole(name, end));
            case Change.Begin _, Change.Commit _, Change.Marker _ -> {}
        }
    }

    private void add(RowChange change, Lsn end) {
        TableName name = change.layout().table();
        Naming naming = naming(change.layout());
        if (naming.columns().isEmpty()) {
            becomeWhole(name, end);
            return;
        }
        for (Optional<List<String>> key : keys(change, naming.places())) {
            if (key.isEmpty()) {
                becomeWhole(name, end);
            } else {
                add(name, naming.columns(), key.get(), end);
            }
        }
    }

    private void add(TableName name, List<String> columns, List<String> key, Lsn end) {
        alter(of(name), table -> table.add(columns, key, end));
        while (keys > keysMax) {
            giveUp(ChangedTable::size);
        }
        while (chars > CHARS_MAX) {
            giveUp(ChangedTable::chars);
        }
    }

    private void giveUp(ToLongFunction<ChangedTable> amount) {
        ChangedTable largest =
                tables.values().stream().max(Comparator.comparingLong(amount)).orElseThrow();
        alter(largest, ChangedTable::forgetKeys);
    }

    private void becomeWhole(TableName name, Lsn end) {
        Table table = active.get(name);
        boolean keyless = table == null || table.changeKey().isEmpty();
        alter(
                of(name),
                keyless ? changed -> changed.addKeyless(end) : changed -> changed.becomeWhole(end));
    }

    private ChangedTable of(TableName name) {
        return tables.computeIfAbsent(name, _ -> new ChangedTable());
    }

    private void alter(ChangedTable table, Consumer<ChangedTable> change) {
        keys -= table.size();
        chars -= table.chars();
        change.accept(table);
        keys += table.size();
        chars += table.chars();
    }

    /// Both the old and the new key of a row whose key was changed; empty where it is not known.
    private static List<Optional<List<String>>> keys(RowChange change, List<Integer> places) {
        return switch (change) {
            case Insert insert -> List.of(key(insert.after(), insert.after(), places));
            case Delete delete -> List.of(key(delete.before(), delete.before(), places));
            case Update update -> {
                Tuple before = update.before().orElse(update.after());
                Optional<List<String>> now = key(update.after(), before, places);
                yield update.before().isEmpty()
                        ? List.of(now)
                        : List.of(key(before, before, places), now);
            }
        };
    }

    /// @param older has what was not sent, as it did not change
    private static Optional<List<String>> key(Tuple tuple, Tuple older, List<Integer> places) {
        String[] values = new String[places.size()];
        for (int i = 0; i < values.length; i++) {
            int place = places.get(i);
            Tuple from = tuple.isUnchanged(place) ? older : tuple;
            String value = from.isUnchanged(place) ? null : from.value(place);
            if (value == null) {
                return Optional.empty();
            }
            values[i] = value;
        }
        return Optional.of(Arrays.asList(values));
    }

    private Naming naming(Layout layout) {
        if (namings.size() > FORMS_MAX) {
            namings.clear();
        }
        return namings.computeIfAbsent(layout, this::makeNaming);
    }

    private Naming makeNaming(Layout layout) {
        Table table = active.get(layout.table());
        if (table == null) {
            return new Naming(List.of(), List.of());
        }
        List<Integer> places = Arrays.stream(layout.key(table)).boxed().toList();
        List<String> columns = new ArrayList<>();
        for (int place : places) {
            int number = place < 0 ? 0 : layout.fields().get(place).number();
            table.columns().stream()
                    .filter(column -> column.number() == number)
                    .map(Column::name)
                    .forEach(columns::add);
        }
        boolean known = columns.size() == places.size();
        return new Naming(places, known ? List.copyOf(columns) : List.of());
    }
}
