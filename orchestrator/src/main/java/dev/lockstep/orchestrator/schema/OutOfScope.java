package dev.lockstep.orchestrator.schema;

import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.plans.sql.Session;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// What of the source does not come along: tables out of scope, sequences of their columns, and
/// views that read them, directly or through other views.
final class OutOfScope {
    private static final String TABLES =
            """
            SELECT n.nspname, c.relname, rn.nspname AS root_schema, r.relname AS root_name
              FROM pg_class c
              JOIN pg_namespace n ON n.oid = c.relnamespace
              LEFT JOIN pg_class r ON c.relispartition AND r.oid = pg_partition_root(c.oid)
              LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
             WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
               AND n.nspname !~ '^(pg_|lockstep$|information_schema$)'\
            """;

    private static final String DEPENDENTS =
            """
            WITH RECURSIVE out AS (
                SELECT c.oid
                  FROM unnest(?::text[], ?::text[]) AS t (schema, name)
                  JOIN pg_namespace n ON n.nspname = t.schema
                  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
                 UNION
                SELECT coalesce(w.ev_class, s.oid)
                  FROM out o
                  JOIN pg_depend d
                    ON d.refclassid = 'pg_class'::regclass AND d.refobjid = o.oid
                    OR d.refclassid = 'pg_type'::regclass
                   AND d.refobjid IN (SELECT t.oid FROM pg_type t WHERE t.typrelid = o.oid)
                  LEFT JOIN pg_rewrite w
                    ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
                   AND w.rulename = '_RETURN'
                  LEFT JOIN pg_class s
                    ON d.classid = 'pg_class'::regclass AND s.oid = d.objid AND s.relkind = 'S'
                   AND d.deptype IN ('a', 'i')
                 WHERE coalesce(w.ev_class, s.oid) IS NOT NULL)
            SELECT n.nspname, c.relname
              FROM out o
              JOIN pg_class c ON c.oid = o.oid
              JOIN pg_namespace n ON n.oid = c.relnamespace
             ORDER BY 1, 2\
            """;

    private static final String FOREIGN_KEYS =
            """
            SELECT k.conname, n.nspname, c.relname, rn.nspname AS root_schema,
                   r.relname AS root_name
              FROM pg_constraint k
              JOIN pg_class c ON c.oid = k.conrelid
              JOIN pg_namespace n ON n.oid = c.relnamespace
              JOIN pg_class r ON r.oid = k.confrelid
              JOIN pg_namespace rn ON rn.oid = r.relnamespace
             WHERE k.contype = 'f' AND k.conparentid = 0
             ORDER BY 2, 3, 1\
            """;

    private final Scope scope;

    OutOfScope(Scope scope) {
        this.scope = scope;
    }

    private record Pair(String label, TableName table, Optional<TableName> other) {
        static Pair of(String label, Row row) throws SQLException {
            Optional<String> schema = row.maybeText("root_schema");
            return new Pair(
                    label,
                    new TableName(row.text("nspname"), row.text("relname")),
                    schema.isEmpty()
                            ? Optional.empty()
                            : Optional.of(new TableName(schema.get(), row.text("root_name"))));
        }
    }

    /// The relations that stay behind.
    Set<TableName> relations(Session source) {
        Set<TableName> tables = tables(source);
        List<TableName> all =
                source.rows(
                        DEPENDENTS,
                        row -> new TableName(row.text("nspname"), row.text("relname")),
                        tables.stream().map(TableName::schema).toArray(String[]::new),
                        tables.stream().map(TableName::name).toArray(String[]::new));
        return new TreeSet<>(all);
    }

    /// A foreign key whose other end stays behind can neither be kept nor be left out quietly.
    void check(Session source, Problems problems) {
        Set<TableName> tables = tables(source);
        for (Pair key : source.rows(FOREIGN_KEYS, row -> Pair.of(row.text("conname"), row))) {
            TableName other = key.other().orElse(key.table());
            if (!tables.contains(key.table()) && tables.contains(other)) {
                problems.add(
                        "foreign key \"%s\" of %s refers to %s, which is out of scope; take %s into"
                                        .formatted(key.label(), key.table(), other, other)
                                + " `tables.include`, or drop the foreign key on the source, or set"
                                + " `schema.copy: none` and create the target's tables without it");
            }
        }
    }

    private Set<TableName> tables(Session source) {
        Set<TableName> tables = new TreeSet<>();
        for (Pair found : source.rows(TABLES, row -> Pair.of("", row))) {
            if (!scope.covers(found.other().orElse(found.table()))) {
                tables.add(found.table());
            }
        }
        return tables;
    }
}
