package dev.lockstep.validators.rows;

import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// The type of a column with its domains taken off.
///
/// @param name as in `pg_type`
/// @param builtIn whether it is PostgreSQL's own, so that it means the same on every server
/// @param spelt how it is written in a statement, with its schema
/// @param order how text sorts: two columns with the same value sort alike. Empty where that is not
///   known; the same for all types that no collation touches.
record ColumnType(String name, String spelt, boolean builtIn, Optional<String> order) {
    /// `to_jsonb` of a catalog's row gives the columns that this major version has: the names of
    /// the locale's have changed over the years.
    private static final String TYPES =
            """
            WITH RECURSIVE found AS (
                SELECT a.attnum, a.attname, a.attcollation, t.oid, t.typtype, t.typbasetype
                  FROM pg_attribute a
                  JOIN pg_type t ON t.oid = a.atttypid
                 WHERE a.attrelid = ?::regclass AND a.attnum > 0 AND NOT a.attisdropped
                UNION ALL
                SELECT f.attnum, f.attname, f.attcollation, t.oid, t.typtype, t.typbasetype
                  FROM found f
                  JOIN pg_type t ON t.oid = f.typbasetype
                 WHERE f.typtype = 'd'
            )
            SELECT f.attname, t.typname, format_type(t.oid, -1) AS spelt,
                   t.typnamespace = 'pg_catalog'::regnamespace AS built_in,
                   CASE WHEN f.attcollation = 0 THEN 'none'
                        WHEN c.collname IN ('C', 'POSIX') THEN 'bytes'
                        WHEN c.collprovider <> 'd'
                        THEN (to_jsonb(c) - '{oid,collname,collnamespace,collowner,collversion}'
                                  ::text[])::text || pg_collation_actual_version(c.oid)
                        WHEN d.datcollate IN ('C', 'POSIX')
                             AND coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') = 'c'
                        THEN 'bytes'
                        ELSE (SELECT string_agg(to_jsonb(d) ->> k, ' ')
                                FROM unnest('{encoding,datcollate,datlocprovider,datlocale,%s}'
                                                ::text[]) AS k)
                             || %s
                   END AS sorts
              FROM found f
              JOIN pg_type t ON t.oid = f.oid
              JOIN pg_database d ON d.datname = current_database()
              LEFT JOIN pg_collation c ON c.oid = f.attcollation
             WHERE f.typtype <> 'd'
             ORDER BY f.attnum\
            """;

    private static final String EQUALITIES =
            """
            SELECT DISTINCT ON (a.attname) a.attname, n.nspname, o.oprname
              FROM pg_index x
             CROSS JOIN unnest(x.indkey::int2[], x.indclass::oid[]) AS k (attnum, class)
              JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum
              JOIN pg_opclass c ON c.oid = k.class
              JOIN pg_amop m ON m.amopfamily = c.opcfamily AND m.amopstrategy = 3
                   AND m.amopmethod = (SELECT oid FROM pg_am WHERE amname = 'btree')
                   AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype
              JOIN pg_operator o ON o.oid = m.amopopr
              JOIN pg_namespace n ON n.oid = o.oprnamespace
             WHERE x.indrelid = ?::regclass AND x.indisunique
             ORDER BY a.attname, x.indisprimary DESC, x.indexrelid\
            """;

    private static final String ICU_COLUMNS = "daticulocale,daticurules";
    private static final String VERSION = "pg_database_collation_actual_version(d.oid)";
    private static final int VERSION_SINCE = 15;

    /// The types of all columns, in the session's snapshot.
    static Map<String, ColumnType> read(Session session, Table table) {
        String version = session.serverMajor() < VERSION_SINCE ? "NULL" : VERSION;
        Map<String, ColumnType> types = new LinkedHashMap<>();
        session.rows(
                        TYPES.formatted(ICU_COLUMNS, version),
                        row ->
                                Map.entry(
                                        row.text("attname"),
                                        new ColumnType(
                                                row.text("typname"),
                                                row.text("spelt"),
                                                row.flag("built_in"),
                                                row.maybeText("sorts"))),
                        table.name().sql())
                .forEach(entry -> types.put(entry.getKey(), entry.getValue()));
        return types;
    }

    /// How the unique indexes of a table compare their columns: the operators, with their schemas,
    /// as the search path is the system's, where `=` may be none that an index serves.
    static Map<String, String> equalities(Session session, Table table) {
        Map<String, String> operators = new LinkedHashMap<>();
        session.rows(
                        EQUALITIES,
                        row ->
                                Map.entry(
                                        row.text("attname"),
                                        "OPERATOR(%s.%s)"
                                                .formatted(
                                                        new Ident(row.text("nspname")),
                                                        row.text("oprname"))),
                        table.name().sql())
                .forEach(entry -> operators.put(entry.getKey(), entry.getValue()));
        return operators;
    }

    /// The type's own name, for a cast that neither cuts nor rounds.
    String sql() {
        return "pg_catalog." + new Ident(name);
    }
}
