package dev.lockstep.cdc.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.Replication;
import dev.lockstep.cdc.StreamFixture;
import dev.lockstep.cdc.apply.Route;
import dev.lockstep.cdc.backfill.Backfill;
import dev.lockstep.cdc.backfill.BackfillSettings;
import dev.lockstep.cdc.backfill.Chunk;
import dev.lockstep.cdc.backfill.ChunkListener;
import dev.lockstep.cdc.backfill.CopyTable;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Two databases with the same tables, statements that change the rows of one, and whether the
/// other has got the same rows.
///
/// The statements come in steps. Each step is sent as one piece, so that what stands in it without
/// BEGIN and COMMIT is one transaction.
final class Carried implements AutoCloseable {
    static final Duration SOON = Duration.ofMinutes(2);

    private static final String TABLES =
            """
            SELECT c.oid::regclass::text AS name FROM pg_class c
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
               AND n.nspname <> 'lockstep' AND n.nspname NOT LIKE 'pg\\_%'\
            """;

    private static final String SUM =
            """
            SELECT concat_ws(' ', %s, count(*), md5(string_agg(text, ';' ORDER BY text))) AS sum
              FROM (SELECT r::text COLLATE "C" AS text FROM ONLY %s AS r) AS rows\
            """;

    private final Pair pair;
    private final StreamFixture fixture;

    /// @param tables made on both
    Carried(String tables) {
        this(18, 18, tables);
    }

    Carried(int from, int to, String tables) {
        pair =
                Pair.of(
                        PostgresServer.shared(from).database(),
                        PostgresServer.shared(to).database());
        pair.onBoth(tables);
        fixture = new StreamFixture(pair);
    }

    Pair pair() {
        return pair;
    }

    Replication open() {
        return fixture.openStrict();
    }

    /// The steps come by the stream, each alone, into tables that were equal.
    void oneByOne(List<String> steps) throws InterruptedException {
        try (Replication stream = fixture.openStrict()) {
            for (String step : steps) {
                Pair.run(pair.source(), step);
                stream.drain(SOON);
                assertSame(step);
            }
        }
    }

    /// The steps come by the stream, all behind each other, so that they are folded.
    void together(List<String> steps) throws InterruptedException {
        try (Replication stream = fixture.openStrict()) {
            stream.stopApply();
            steps.forEach(step -> Pair.run(pair.source(), step));
            stream.startApply(stream.spec().routes());
            stream.drain(SOON);
            assertSame("all changes together");
        }
    }

    /// Rows are there before, and each of the steps comes after another chunk of their copy; what
    /// is left of them after the last one.
    void besideCopy(List<String> before, List<String> during) throws InterruptedException {
        before.forEach(step -> Pair.run(pair.source(), step));
        Deque<String> steps = new ArrayDeque<>(during);
        try (Replication stream = fixture.open()) {
            stream.startAt(stream.prepare(), false);
            stream.startCapture();
            copy(stream, steps);
            steps.forEach(step -> Pair.run(pair.source(), step));
            stream.startApply(routes(stream));
            stream.finishOverlap(SOON);
            assertSame("the overlap with the copy");
        }
    }

    private void copy(Replication stream, Deque<String> steps) {
        Pair.run(
                pair.target(),
                """
                INSERT INTO lockstep.lease
                       (run, epoch, owner, backend_pid, backend_start, renewed_at)
                VALUES ('%s', 1, 'test', 1, now(), now())\
                """
                        .formatted(fixture.run()));
        List<CopyTable> tables =
                stream.spec().routes().stream()
                        .map(route ->
                                new CopyTable(route.active(), route.standby().name(), Map.of()))
                        .toList();
        BackfillSettings settings =
                new BackfillSettings(fixture.run(), 1, 1, 1, OptionalLong.empty());
        Backfill backfill = new Backfill(pair.source(), pair.target(), settings, tables);
        backfill.listenWith(
                new ChunkListener() {
                    @Override
                    public void afterCommit(Chunk chunk) {
                        if (!steps.isEmpty()) {
                            Pair.run(pair.source(), steps.removeFirst());
                        }
                    }
                });
        backfill.plan();
        assertThat(backfill.copyAll(() -> false)).isTrue();
    }

    private List<Route> routes(Replication stream) {
        Map<TableName, Lsn> copiedAt = new HashMap<>();
        pair.target()
                .call(session ->
                        session.rows(
                                """
                                SELECT schema_name, table_name, snapshot_lsn
                                  FROM lockstep.copy_table WHERE snapshot_lsn IS NOT NULL\
                                """,
                                row ->
                                        copiedAt.put(
                                                new TableName(
                                                        row.text("schema_name"),
                                                        row.text("table_name")),
                                                row.lsn("snapshot_lsn"))));
        return stream.spec().routes().stream()
                .map(route ->
                        new Route(
                                route.active(),
                                route.standby(),
                                Map.of(),
                                copiedAt.getOrDefault(route.active().name(), Lsn.ZERO)))
                .toList();
    }

    /// Both have the same tables with the same rows, each as often.
    void assertSame(String after) {
        if (!sums(pair.target()).equals(sums(pair.source()))) {
            assertThat(rows(pair.target())).as("after %s", after).isEqualTo(rows(pair.source()));
        }
    }

    private static List<String> sums(Db db) {
        try (Session session = db.session("test")) {
            String all =
                    tables(session).stream()
                            .map(table -> SUM.formatted(Ident.literal(table), table))
                            .collect(Collectors.joining(" UNION ALL "));
            return session.rows(all, row -> row.text("sum")).stream().sorted().toList();
        }
    }

    private static List<String> tables(Session session) {
        return session.rows(TABLES, row -> row.text("name"));
    }

    private static Map<String, List<String>> rows(Db db) {
        Map<String, List<String>> all = new TreeMap<>();
        try (Session session = db.session("test")) {
            for (String table : tables(session)) {
                String sql = "SELECT r::text AS text FROM ONLY %s AS r".formatted(table);
                all.put(
                        table,
                        session.rows(sql, row -> row.text("text")).stream().sorted().toList());
            }
        }
        return all;
    }

    @Override
    public void close() {
        pair.close();
    }
}
