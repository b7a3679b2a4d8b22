package dev.lockstep.validators.rows;

import dev.lockstep.plans.sql.Session;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;

/// Walks over the hashes of a chunk's rows in the order of their keys' hashes, a page at a time.
/// Numbers sort alike everywhere, whatever the keys are.
final class HashCursor implements AutoCloseable {
    private static final int PAGE = 10_000;
    private static final String DECLARE = "DECLARE lockstep_hashes NO SCROLL CURSOR FOR ";
    private static final String FETCH = "FETCH " + PAGE + " FROM lockstep_hashes";
    private static final String CLOSE = "CLOSE lockstep_hashes";

    private final Session session;
    private final Queue<Entry> page = new ArrayDeque<>();
    private boolean ended;

    /// So many equal rows with this key.
    private record Entry(long key, long row, long count) {}

    /// All rows whose keys have one hash: hash of the row and how many have it. One row, unless the
    /// key is none.
    record Group(long key, Map<Long, Long> rows) {
        static Group empty(long key) {
            return new Group(key, Map.of());
        }

        long count() {
            return rows.values().stream().mapToLong(Long::longValue).sum();
        }

        long count(long row) {
            return rows.getOrDefault(row, 0L);
        }
    }

    HashCursor(Session session, TableSide side, Chunk chunk, List<Integer> buckets) {
        this.session = session;
        TableSide.Query query = side.hashes(chunk, buckets);
        chunk.plan(session);
        session.run(DECLARE + query.sql(), query.values());
    }

    boolean hasNext() {
        if (page.isEmpty() && !ended) {
            page.addAll(
                    session.rows(
                            FETCH,
                            row ->
                                    new Entry(
                                            row.number("k"), row.number("h"), row.number("rows"))));
            ended = page.isEmpty();
        }
        return !page.isEmpty();
    }

    /// The key's hash of the group that [#next] will give.
    long nextKey() {
        return page.element().key();
    }

    Group next() {
        Map<Long, Long> rows = new HashMap<>();
        long key = nextKey();
        while (hasNext() && nextKey() == key) {
            Entry entry = page.remove();
            rows.put(entry.row(), entry.count());
        }
        return new Group(key, rows);
    }

    @Override
    public void close() {
        session.run(CLOSE);
    }
}
