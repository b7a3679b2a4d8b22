package dev.lockstep.cdc.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.catalog.Catalog;
import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/// A pair of databases with a run of epoch 1 on the standby, and copies of everything between them.
final class Copies implements AutoCloseable {
    static final String RUN = "the-run";

    private final Pair pair = Pair.create();

    Copies() {
        OwnTables.migrate(pair.target());
        Pair.run(
                pair.target(),
                """
                INSERT INTO lockstep.lease
                       (run, epoch, owner, backend_pid, backend_start, renewed_at)
                VALUES ('the-run', 1, 'test', 1, now(), now())\
                """);
    }

    Db source() {
        return pair.source();
    }

    Db target() {
        return pair.target();
    }

    void onBoth(String sql) {
        pair.onBoth(sql);
    }

    void onSource(String sql) {
        Pair.run(pair.source(), sql);
    }

    void onTarget(String sql) {
        Pair.run(pair.target(), sql);
    }

    /// With chunks of 1,000 rows, the smallest there are.
    Backfill backfill(int workers) {
        return backfill(settings(1, workers, OptionalLong.empty()), Mapping.NONE);
    }

    Backfill backfill(BackfillSettings settings, Mapping mapping) {
        return new Backfill(source(), target(), settings, tables(mapping));
    }

    static BackfillSettings settings(long epoch, int workers, OptionalLong rate) {
        return new BackfillSettings(RUN, epoch, workers, 1, rate);
    }

    /// The target as another user; the caller closes it.
    Db targetAs(String user) {
        String database = target().endpoint().database();
        return Db.of(PostgresServer.shared().endpoint(database, user, ""), "test");
    }

    List<CopyTable> tables(Mapping mapping) {
        try (Session session = source().session("test")) {
            return Catalog.read(session, Scope.ALL).rowTables().stream()
                    .map(t -> new CopyTable(t, mapping.table(t.name()), columns(mapping, t.name())))
                    .toList();
        }
    }

    private static Map<String, String> columns(Mapping mapping, TableName table) {
        Mapping.Rule rule = mapping.rules().get(table);
        return rule == null ? Map.of() : rule.columns();
    }

    TableProgress progressOf(String table) {
        try (Session session = target().session("test")) {
            return TableProgress.read(session, RUN).stream()
                    .filter(p -> p.table().name().equals(table))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /// Compares by SQL of this test's own: every row as text, in one order.
    void assertSame(String table) {
        assertSame("SELECT * FROM ONLY " + table, "SELECT * FROM ONLY " + table);
    }

    void assertSame(String sourceQuery, String targetQuery) {
        assertThat(sorted(target(), targetQuery)).isEqualTo(sorted(source(), sourceQuery));
    }

    private static List<String> sorted(Db db, String query) {
        return Pair.rows(db, query).stream().sorted().toList();
    }

    String oneOnTarget(String sql) {
        try (Session session = target().session("test")) {
            return session.one(sql);
        }
    }

    @Override
    public void close() {
        pair.close();
    }
}
