package dev.lockstep.plans.catalog;

import dev.lockstep.plans.sql.Session;

/// Tells the tables and columns that a database has from those that it has after a statement that
/// altered any of them, in one short query whatever the plan is about.
public record CatalogMark(String text) {
    private static final String MARK =
            """
            SELECT count(*) || ' ' || coalesce(sum(hashtextextended(line, 0)), 0) AS mark
              FROM (SELECT concat_ws(' ', c.oid, n.nspname, c.relname, c.relkind, c.relreplident,
                                     c.relpersistence, pg_partition_root(c.oid)::oid,
                                     string_agg(concat_ws(' ', a.attnum, a.attname, a.atttypid,
                                                          a.atttypmod, a.attgenerated),
                                                ', ' ORDER BY a.attnum)) AS line
                      FROM pg_class c
                      JOIN pg_namespace n ON n.oid = c.relnamespace
                      LEFT JOIN pg_attribute a
                             ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                     WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
                       AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
                     GROUP BY c.oid, n.nspname) AS t\
            """;

    /// That of now.
    public static CatalogMark of(Session session) {
        return new CatalogMark(session.one(MARK));
    }
}
