package dev.lockstep.orchestrator.schema;

import dev.lockstep.plans.catalog.Catalog;
import dev.lockstep.plans.catalog.Key;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.plans.sql.Session;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// Questions to the catalogs about objects that a dump names by their OID on the source.
final class SchemaObjects {
    private static final String IDENTITIES =
            """
            SELECT o.catalog::bigint || '.' || o.oid AS object, i.type || ' ' || i.identity AS name
              FROM unnest(?::oid[], ?::oid[]) AS o (catalog, oid)
             CROSS JOIN pg_identify_object(o.catalog, o.oid, 0) i
             WHERE i.identity IS NOT NULL\
            """;

    /// Everything of the kinds that a dump creates after the load and that has a name.
    private static final String PRESENT =
            """
            WITH made AS (
                SELECT 'pg_class'::regclass AS catalog, oid FROM pg_class
                 WHERE relkind IN ('i', 'I')
                 UNION ALL SELECT 'pg_constraint'::regclass, oid FROM pg_constraint
                 UNION ALL SELECT 'pg_trigger'::regclass, oid FROM pg_trigger
                 UNION ALL SELECT 'pg_rewrite'::regclass, oid FROM pg_rewrite
                 UNION ALL SELECT 'pg_policy'::regclass, oid FROM pg_policy
                 UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext
                 UNION ALL SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger)
            SELECT i.type || ' ' || i.identity AS name
              FROM made m
             CROSS JOIN pg_identify_object(m.catalog, m.oid, 0) i
             WHERE m.oid >= 16384 AND i.identity IS NOT NULL\
            """;

    /// A constraint and its index are one entry, which goes by the constraint.
    private static final String KEYS =
            """
            SELECT n.nspname, t.relname, i.relname AS index,
                   CASE WHEN k.oid IS NULL THEN 'pg_class'::regclass::oid
                        ELSE 'pg_constraint'::regclass::oid END || '.' || coalesce(k.oid, i.oid)
                   AS object
              FROM pg_index x
              JOIN pg_class i ON i.oid = x.indexrelid
              JOIN pg_class t ON t.oid = x.indrelid
              JOIN pg_namespace n ON n.oid = t.relnamespace
              LEFT JOIN pg_constraint k ON k.conindid = i.oid AND k.conrelid = t.oid
                    AND k.contype IN ('p', 'u', 'x')
             WHERE x.indisunique\
            """;

    private static final String TABLES =
            """
            SELECT n.nspname, c.relname
              FROM pg_class c
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p')\
            """;

    private static final String MATVIEWS =
            """
            SELECT n.nspname, c.relname
              FROM pg_class c
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind = 'm' AND c.relispopulated = ?
             ORDER BY c.oid\
            """;

    private static final String GRANTS =
            """
            SELECT n.nspname,
                   format('GRANT %1$s ON SCHEMA %2$I TO %3$s%4$s', a.privilege_type, n.nspname,
                          w.who, CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                   AS give,
                   format('REVOKE %1$s ON SCHEMA %2$I FROM %3$s', a.privilege_type, n.nspname,
                          w.who) AS take
              FROM pg_namespace n
             CROSS JOIN aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
              LEFT JOIN pg_roles r ON r.oid = a.grantee
             CROSS JOIN LATERAL (SELECT coalesce(quote_ident(r.rolname), 'PUBLIC') AS who) w
             WHERE n.nspname !~ '^(pg_|information_schema$)'\
            """;

    private SchemaObjects() {}

    /// A privilege on a schema, as the statements that give and take it.
    record Grant(String schema, String give, String take) {
        static Grant of(Row row) throws SQLException {
            return new Grant(row.text("nspname"), row.text("give"), row.text("take"));
        }
    }

    private record Index(TableName table, String name, String object) {
        static Index of(Row row) throws SQLException {
            return new Index(
                    new TableName(row.text("nspname"), row.text("relname")),
                    row.text("index"),
                    row.text("object"));
        }
    }

    /// The objects of `entries` that `target` has under the same name on the same table.
    static Set<String> present(Session source, Session target, List<TocEntry> entries) {
        record Named(String object, String name) {}
        String[] catalogs = entries.stream().map(e -> "" + e.catalog()).toArray(String[]::new);
        String[] oids = entries.stream().map(e -> "" + e.oid()).toArray(String[]::new);
        Set<String> there = new HashSet<>(target.rows(PRESENT, row -> row.text("name")));
        return source
                .rows(
                        IDENTITIES,
                        row -> new Named(row.text("object"), row.text("name")),
                        catalogs,
                        oids)
                .stream()
                .filter(named -> there.contains(named.name()))
                .map(Named::object)
                .collect(Collectors.toSet());
    }

    /// The objects behind the change keys of the tables that hold rows.
    static Map<String, TableName> changeKeys(Session source, Catalog catalog) {
        Map<TableName, String> wanted = new HashMap<>();
        for (Table table : catalog.rowTables()) {
            Optional<Key> key = table.changeKey();
            key.ifPresent(k -> wanted.put(table.name(), k.index()));
        }
        Map<String, TableName> found = new HashMap<>();
        for (Index index : source.rows(KEYS, Index::of)) {
            if (index.name().equals(wanted.get(index.table()))) {
                found.put(index.object(), index.table());
            }
        }
        return found;
    }

    static Set<TableName> tables(Session session) {
        return names(session, TABLES);
    }

    /// Materialized views that hold rows on the source and none on the target. The order is that of
    /// their creation, so none comes before another that it reads.
    static List<TableName> unrefreshed(Session source, Session target) {
        Set<TableName> filled = names(source, MATVIEWS, true);
        List<TableName> empty = new ArrayList<>(names(target, MATVIEWS, false));
        empty.retainAll(filled);
        return empty;
    }

    static Set<String> schemas(Session session) {
        return Set.copyOf(
                session.rows("SELECT nspname FROM pg_namespace", row -> row.text("nspname")));
    }

    static Set<String> extensions(Session session) {
        return Set.copyOf(
                session.rows("SELECT extname FROM pg_extension", row -> row.text("extname")));
    }

    static List<Grant> grants(Session session) {
        return session.rows(GRANTS, Grant::of);
    }

    private static Set<TableName> names(Session session, String sql, Object... parameters) {
        return new LinkedHashSet<>(
                session.rows(
                        sql,
                        row -> new TableName(row.text("nspname"), row.text("relname")),
                        parameters));
    }
}
