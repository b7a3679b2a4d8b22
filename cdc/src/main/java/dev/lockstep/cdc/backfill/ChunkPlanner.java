package dev.lockstep.cdc.backfill;

import dev.lockstep.plans.catalog.Key;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.fault.Check;
import dev.lockstep.plans.sql.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Cuts a table into chunks by walking the index of its key. Rows that come and go meanwhile do no
/// harm: the ranges have no gaps and no ends, whatever lies in them.
@SuppressWarnings("InlineFormatString") // statements stand at the top
final class ChunkPlanner {
    private static final long ROWS_MIN = 1_000;
    private static final long ROWS_MAX = 200_000;

    /// A throttled copy takes smaller chunks, since the throttle acts between them.
    private static final long THROTTLED_SECONDS = 5;

    private static final String BYTES = "SELECT pg_table_size(to_regclass(?))";
    private static final String ESTIMATE = "EXPLAIN (FORMAT JSON) SELECT FROM ONLY %s";
    private static final Pattern PLAN_ROWS = Pattern.compile("\"Plan Rows\": (\\d+)");

    private static final String NEXT_BOUND =
            """
            SELECT %s FROM ONLY %s AS t
             WHERE %s
             ORDER BY %s
            OFFSET %s LIMIT 1\
            """;

    private static final String COUNT = "SELECT count(*) FROM ONLY %s WHERE %s";

    private final Session active;
    private final BackfillSettings settings;

    ChunkPlanner(Session active, BackfillSettings settings) {
        this.active = active;
        this.settings = settings;
    }

    /// @param rows how many the table has: exact where an index was walked, else PostgreSQL's
    ///   estimate
    record Planned(CopyTable table, long rows, List<Chunk> chunks) {}

    Planned plan(CopyTable table) {
        Optional<Key> key = table.active().changeKey();
        Optional<KeyOrder> order = key.flatMap(k -> KeyOrder.of(active, table.active(), k));
        long bytes = bytes(table.active());
        return order.map(o -> ranges(table, o, rowsPerChunk(table.active(), bytes)))
                .orElseGet(() -> whole(table, bytes));
    }

    private Planned whole(CopyTable table, long bytes) {
        Chunk chunk = new Chunk(table.name(), 0, List.of(), List.of());
        long rows = bytes == 0 ? 0 : estimate(table.active());
        return new Planned(table, rows, List.of(chunk));
    }

    private Planned ranges(CopyTable table, KeyOrder order, long rowsPerChunk) {
        List<Chunk> chunks = new ArrayList<>();
        List<String> from = List.of();
        for (Optional<List<String>> next = bound(table, order, from, rowsPerChunk);
                next.isPresent();
                next = bound(table, order, from, rowsPerChunk)) {
            chunks.add(new Chunk(table.name(), chunks.size(), from, next.get()));
            from = next.get();
        }
        String rest = order.within(from, List.of());
        long last = active.number(COUNT.formatted(table.name().sql(), rest));
        long rows = chunks.size() * rowsPerChunk + last;
        chunks.add(new Chunk(table.name(), chunks.size(), from, List.of()));
        return new Planned(table, rows, chunks);
    }

    private Optional<List<String>> bound(
            CopyTable table, KeyOrder order, List<String> from, long rows) {
        String sql =
                NEXT_BOUND.formatted(
                        order.texts(),
                        table.name().sql(),
                        order.within(from, List.of()),
                        order.names(),
                        rows);
        return active.row(sql, order::read);
    }

    private long rowsPerChunk(Table table, long bytes) {
        long rowBytes = Math.max(1, bytes / Math.max(1, estimate(table)));
        OptionalLong rate = settings.rowsPerSecond();
        long most =
                rate.isPresent()
                        ? Math.clamp(
                                Math.multiplyExact(
                                        Math.min(rate.getAsLong(), ROWS_MAX), THROTTLED_SECONDS),
                                ROWS_MIN,
                                ROWS_MAX)
                        : ROWS_MAX;
        return Math.clamp(settings.chunkBytes() / rowBytes, ROWS_MIN, most);
    }

    private long bytes(Table table) {
        return active.number(BYTES, table.name().sql());
    }

    /// The planner's own estimate, which knows the table's size of this moment; `reltuples` is -1
    /// until the first ANALYZE and old afterwards.
    private long estimate(Table table) {
        Matcher rows = PLAN_ROWS.matcher(active.one(ESTIMATE.formatted(table.name().sql())));
        Check.that(rows.find(), "no row estimate in the plan for %s", table.name());
        return Long.parseLong(rows.group(1));
    }
}
