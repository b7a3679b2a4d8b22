package dev.lockstep.validators.rows;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.Cell;
import dev.lockstep.validators.Difference;
import dev.lockstep.validators.Difference.Kind;
import dev.lockstep.validators.Findings;
import dev.lockstep.validators.Literal;
import dev.lockstep.validators.SessionPair;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.IntStream;

/// Finds the rows that make a chunk differ, in a bounded amount of memory.
///
/// The databases sort the hashes of keys and rows, and the two lists are merged as they come. A
/// chunk too large to sort for one row's sake is first split into buckets, by the hash of the key,
/// and only the buckets that differ are sorted.
final class Locator {
    private static final long SORTED_MAX = 200_000;

    /// How much is read of the values of one row that differ, of both sides together.
    private static final long ROW_MAX = 2L * Value.READ_MAX;

    private final PairedTable table;
    private final SessionPair sessions;
    private final Chunk chunk;
    private final Findings findings;
    private final List<Found> shown = new ArrayList<>();
    private long differences;

    /// A row that differs, before it is known which: the hash of its key, and how many rows with
    /// that key each side has.
    private record Found(Kind kind, long key, long active, long standby) {}

    /// What is read of a row for people: its key, without one the beginnings of its values, and a
    /// hash of each column.
    private record Shown(List<Optional<String>> key, List<String> hashes) {}

    Locator(PairedTable table, SessionPair sessions, Chunk chunk, Findings findings) {
        this.table = table;
        this.sessions = sessions;
        this.chunk = chunk;
        this.findings = findings;
    }

    /// Adds all differences of the chunk to the findings.
    ///
    /// @param rows how many rows the larger side has
    void locate(long rows) {
        merge(rows > SORTED_MAX ? differingBuckets() : List.of());
        if (differences == 0) {
            throw new LockstepException(
                    Fault.INTERNAL,
                    ("the sums over rows of table \"%s\" differ between \"%s\" and \"%s\", but no"
                                    + " row does; an output function of one of its types does not"
                                    + " give the same text each time")
                            .formatted(
                                    table.name(),
                                    sessions.active().label(),
                                    sessions.standby().label()));
        }
        findings.addDifferences(table.name(), differences, described());
    }

    private List<Integer> differingBuckets() {
        Map<Integer, Digest> active = Digest.byBucket(sessions.active(), table.active(), chunk);
        Map<Integer, Digest> standby = Digest.byBucket(sessions.standby(), table.standby(), chunk);
        return IntStream.range(0, TableSide.BUCKETS)
                .filter(bucket ->
                        !active.getOrDefault(bucket, Digest.EMPTY)
                                .equals(standby.getOrDefault(bucket, Digest.EMPTY)))
                .boxed()
                .toList();
    }

    private void merge(List<Integer> buckets) {
        try (var active = new HashCursor(sessions.active(), table.active(), chunk, buckets);
                var standby = new HashCursor(sessions.standby(), table.standby(), chunk, buckets)) {
            while (active.hasNext() || standby.hasNext()) {
                if (!standby.hasNext()) {
                    compare(active.next(), HashCursor.Group.empty(0));
                } else if (!active.hasNext()) {
                    compare(HashCursor.Group.empty(0), standby.next());
                } else if (active.nextKey() < standby.nextKey()) {
                    compare(active.next(), HashCursor.Group.empty(0));
                } else if (active.nextKey() > standby.nextKey()) {
                    compare(HashCursor.Group.empty(0), standby.next());
                } else {
                    compare(active.next(), standby.next());
                }
            }
        }
    }

    /// Rows that are equal on both sides go first; of what is left, one of each side make a
    /// difference in values, and the rest is missing or extra.
    private void compare(HashCursor.Group active, HashCursor.Group standby) {
        long key = active.rows().isEmpty() ? standby.key() : active.key();
        long equal =
                active.rows().entrySet().stream()
                        .mapToLong(row -> Math.min(row.getValue(), standby.count(row.getKey())))
                        .sum();
        long activeLeft = active.count() - equal;
        long standbyLeft = standby.count() - equal;
        long different = Math.min(activeLeft, standbyLeft);
        differences += Math.max(activeLeft, standbyLeft);
        if (different > 0) {
            show(new Found(Kind.DIFFERENT, key, active.count(), standby.count()));
        }
        if (activeLeft > different) {
            show(new Found(Kind.MISSING_ON_STANDBY, key, active.count(), standby.count()));
        }
        if (standbyLeft > different) {
            show(new Found(Kind.EXTRA_ON_STANDBY, key, active.count(), standby.count()));
        }
    }

    /// A row without a key cannot be asked for, so that no more of these are named than are read.
    private void show(Found found) {
        int room = table.key().isEmpty() ? findings.detailedRoom() : findings.room();
        if (shown.size() < room) {
            shown.add(found);
        }
    }

    private List<Difference> described() {
        if (shown.isEmpty()) {
            return List.of();
        }
        List<Long> keys = List.copyOf(new TreeSet<>(shown.stream().map(Found::key).toList()));
        Map<Long, Shown> active = rows(sessions.active(), table.active(), keys);
        Map<Long, Shown> standby = rows(sessions.standby(), table.standby(), keys);
        int before = findings.kept();
        return IntStream.range(0, shown.size())
                .mapToObj(i -> {
                    Found found = shown.get(i);
                    return described(
                            found,
                            Optional.ofNullable(active.get(found.key())),
                            Optional.ofNullable(standby.get(found.key())),
                            before + i < Findings.DETAILED_MAX);
                })
                .toList();
    }

    private Map<Long, Shown> rows(Session session, TableSide side, List<Long> keys) {
        TableSide.Query query = side.rows(chunk, keys);
        chunk.plan(session);
        Map<Long, Shown> rows = new HashMap<>();
        session.rows(
                query.sql(),
                row ->
                        rows.putIfAbsent(
                                        row.number("k"),
                                        new Shown(row.maybeTexts("key"), row.texts("hashes")))
                                == null,
                query.values());
        return rows;
    }

    private Difference described(
            Found found, Optional<Shown> active, Optional<Shown> standby, boolean withValues) {
        Shown row =
                (found.kind() == Kind.EXTRA_ON_STANDBY ? standby : active)
                        .or(() -> standby)
                        .orElseThrow(() -> new AssertionError("a row is gone from a snapshot"));
        boolean keyed = !table.key().isEmpty();
        List<String> names = keyed ? table.key() : table.columns();
        Map<String, String> key = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            Optional<String> value = row.key().get(i);
            String text = keyed ? Literal.ofKey(value) : value.map(Locator::cut).orElse("NULL");
            key.put(name, table.masked().contains(name) ? Cell.MASKED : text);
        }
        List<Cell> cells =
                found.kind() == Kind.DIFFERENT
                        ? cells(
                                found.key(),
                                differing(active.orElseThrow(), standby.orElseThrow()),
                                withValues)
                        : List.of();
        return new Difference(
                table.name(),
                found.kind(),
                key,
                cells,
                keyed ? row.key() : List.of(),
                found.active(),
                found.standby());
    }

    private static String cut(String text) {
        return text.length() <= TableSide.SHOWN_MAX
                ? Literal.counted(text)
                : Literal.counted(text.substring(0, TableSide.SHOWN_MAX)) + "...";
    }

    private static List<Integer> differing(Shown active, Shown standby) {
        return IntStream.range(0, active.hashes().size())
                .filter(i -> !active.hashes().get(i).equals(standby.hashes().get(i)))
                .boxed()
                .toList();
    }

    /// What the columns at these places have in the row with this hash of its key. Masked values
    /// are not even read.
    private List<Cell> cells(long key, List<Integer> places, boolean withValues) {
        List<Integer> wanted =
                places.stream()
                        .filter(i -> withValues && !table.masked().contains(name(i)))
                        .toList();
        List<Long> active = lengths(sessions.active(), table.active(), key, wanted);
        List<Long> standby = lengths(sessions.standby(), table.standby(), key, wanted);
        List<Integer> read = readable(wanted, active, standby);
        List<Optional<String>> ours = texts(sessions.active(), table.active(), key, read);
        List<Optional<String>> theirs = texts(sessions.standby(), table.standby(), key, read);
        return places.stream()
                .map(i -> {
                    int at = wanted.indexOf(i);
                    return at < 0
                            ? Cell.unread(name(i))
                            : Value.cell(
                                    name(i),
                                    new Value(textOf(i, read, ours), active.get(at)),
                                    new Value(textOf(i, read, theirs), standby.get(at)));
                })
                .toList();
    }

    /// Those of the places whose values are not too long, by themselves and all together.
    private static List<Integer> readable(
            List<Integer> places, List<Long> active, List<Long> standby) {
        List<Integer> read = new ArrayList<>();
        long total = 0;
        for (int at = 0; at < places.size(); at++) {
            long ours = Math.max(0, active.get(at));
            long theirs = Math.max(0, standby.get(at));
            boolean fits = Math.max(ours, theirs) <= Value.READ_MAX;
            if (fits && total + ours + theirs <= ROW_MAX) {
                total += ours + theirs;
                read.add(places.get(at));
            }
        }
        return read;
    }

    private static Optional<String> textOf(
            int place, List<Integer> read, List<Optional<String>> texts) {
        int at = read.indexOf(place);
        return at < 0 ? Optional.empty() : texts.get(at);
    }

    private String name(int place) {
        return table.columns().get(place);
    }

    private List<Long> lengths(Session session, TableSide side, long key, List<Integer> places) {
        return places.isEmpty()
                ? List.of()
                : values(session, side.lengths(chunk, key, places)).stream()
                        .map(length -> Long.parseLong(length.orElseThrow()))
                        .toList();
    }

    private List<Optional<String>> texts(
            Session session, TableSide side, long key, List<Integer> places) {
        return places.isEmpty() ? List.of() : values(session, side.texts(chunk, key, places));
    }

    private List<Optional<String>> values(Session session, TableSide.Query query) {
        chunk.plan(session);
        return session.row(query.sql(), row -> row.maybeTexts("found"), query.values())
                .orElseThrow(() -> new AssertionError("a row is gone from a snapshot"));
    }
}
