package dev.lockstep.orchestrator.cli;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.util.ArrayList;
import java.util.List;

/// What a database holds that a run could have left or changed, read with no SQL of the product's.
final class Traces {
    private static final String OBJECTS =
            """
            SELECT 'slot ' || slot_name AS line FROM pg_replication_slots
             WHERE database = current_database()
             UNION ALL
            SELECT 'publication ' || pubname FROM pg_publication
             UNION ALL
            SELECT 'schema ' || nspname FROM pg_namespace
             WHERE nspname !~ '^pg_(toast|temp)'
             UNION ALL
            SELECT 'trigger ' || tgrelid::regclass || ' ' || tgname FROM pg_trigger
             WHERE NOT tgisinternal
             UNION ALL
            SELECT 'function ' || p.oid::regprocedure FROM pg_proc p
              JOIN pg_namespace n ON n.oid = p.pronamespace
             WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
             UNION ALL
            SELECT 'relation ' || c.oid::regclass || ' ' || c.relkind::text FROM pg_class c
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname !~ '^(pg_|information_schema$)'
             ORDER BY 1\
            """;

    private static final String TABLES =
            """
            SELECT c.oid::regclass::text AS name FROM pg_class c
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname !~ '^(pg_|information_schema$)' AND c.relkind = 'r'
             ORDER BY 1\
            """;

    private static final String ROWS =
            """
            SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '')
              FROM %s AS t\
            """;

    private Traces() {}

    /// Objects of a database, and a sum of the rows of each of its tables.
    static List<String> of(Db db) {
        try (Session session = db.session("traces")) {
            List<String> found = new ArrayList<>(session.rows(OBJECTS, row -> row.text("line")));
            for (String table : session.rows(TABLES, row -> row.text("name"))) {
                found.add("rows of %s: %s".formatted(table, session.one(ROWS.formatted(table))));
            }
            return found;
        }
    }

    /// Those of Lockstep's.
    static List<String> lockstepsOwn(Db db) {
        return of(db).stream().filter(line -> line.contains("lockstep")).toList();
    }
}
