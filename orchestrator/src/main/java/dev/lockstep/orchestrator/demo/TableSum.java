package dev.lockstep.orchestrator.demo;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.util.List;

/// All rows of a table in one value that does not depend on their order: how many there are, and
/// the sum of the MD5 of each one's text.
record TableSum(String table, String columns, long rows, String sum) {
    private static final String TABLES =
            """
            SELECT c.relname,
                   array_agg(a.attname::text ORDER BY a.attname) AS names
              FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
               AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
             GROUP BY c.relname ORDER BY c.relname\
            """;

    private record Named(String table, List<String> columns) {
        String hashes() {
            return "(SELECT md5(ROW(%s)::text) AS h FROM public.%s) AS hashes"
                    .formatted(Ident.list(columns), new Ident(table));
        }

        String sum() {
            return """
            SELECT count(*) AS rows,
                   concat_ws('/', sum(('x' || left(h, 15))::bit(60)::bigint),
                                  sum(('x' || right(h, 15))::bit(60)::bigint)) AS sum
              FROM %s\
            """
                    .formatted(hashes());
        }

        String each() {
            return "SELECT ('x' || left(h, 16))::bit(64)::bigint AS h FROM %s ORDER BY 1"
                    .formatted(hashes());
        }
    }

    /// What stands in for a table that a database does not have.
    static TableSum missing(String table) {
        return new TableSum(table, "", 0, "");
    }

    /// Every table of a database, all in the same state of it.
    static List<TableSum> all(Db db) {
        try (Session session = db.session("proof")) {
            session.beginSnapshot(false);
            return tables(session).stream().map(named -> sum(session, named)).toList();
        }
    }

    private static List<Named> tables(Session session) {
        return session.rows(TABLES, row -> new Named(row.text("relname"), row.texts("names")));
    }

    private static TableSum sum(Session session, Named named) {
        return session.row(
                        named.sum(),
                        row ->
                                new TableSum(
                                        named.table(),
                                        String.join(",", named.columns()),
                                        row.number("rows"),
                                        row.text("sum")))
                .orElseThrow();
    }

    /// How many rows, on both sides together, have no equal on the other side.
    long differences(Db here, Db there, TableSum other) {
        long[] own = hashes(here);
        long[] others = other.columns().isEmpty() ? new long[0] : hashes(there);
        int equal = 0;
        int i = 0;
        int j = 0;
        while (i < own.length && j < others.length) {
            int order = Long.compare(own[i], others[j]);
            equal += order == 0 ? 1 : 0;
            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }
        return own.length + others.length - 2L * equal;
    }

    private long[] hashes(Db db) {
        try (Session session = db.session("proof")) {
            return tables(session).stream()
                    .filter(named -> named.table().equals(table))
                    .flatMap(named -> session.rows(named.each(), row -> row.number("h")).stream())
                    .mapToLong(Long::longValue)
                    .toArray();
        }
    }
}
