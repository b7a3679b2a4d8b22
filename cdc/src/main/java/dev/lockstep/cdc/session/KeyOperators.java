package dev.lockstep.cdc.session;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// The equality by which a table's unique indexes compare their columns, spelled out with its
/// schema: the search path is pinned to the system's, where the type of an extension has no
/// operator, or one that no index serves.
public final class KeyOperators {
    private static final String FIND =
            """
            SELECT DISTINCT ON (a.attname) a.attname, n.nspname, p.oprname,
                   CASE WHEN o.opcintype::regtype::text = ANY
                             ('{oid,record,anyenum,anyarray,anyrange,anymultirange}')
                        THEN format_type(base.type, -1)
                   END AS read_as
              FROM pg_index x
              JOIN pg_class c ON c.oid = x.indrelid
              JOIN pg_namespace cn ON cn.oid = c.relnamespace
             CROSS JOIN unnest(x.indkey::int2[], x.indclass::oid[]) AS k (attnum, class)
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
             CROSS JOIN LATERAL (
                      WITH RECURSIVE under AS (
                          SELECT a.atttypid AS type
                          UNION ALL
                          SELECT t.typbasetype FROM under u JOIN pg_type t ON t.oid = u.type
                           WHERE t.typtype = 'd')
                      SELECT u.type FROM under u JOIN pg_type t ON t.oid = u.type
                       WHERE t.typtype <> 'd') AS base
              JOIN pg_opclass o ON o.oid = k.class
              JOIN pg_am m ON m.oid = o.opcmethod AND m.amname = 'btree'
              JOIN pg_amop ao ON ao.amopfamily = o.opcfamily AND ao.amopstrategy = 3
                   AND ao.amoplefttype = o.opcintype AND ao.amoprighttype = o.opcintype
              JOIN pg_operator p ON p.oid = ao.amopopr
              JOIN pg_namespace n ON n.oid = p.oprnamespace
             WHERE cn.nspname = ? AND c.relname = ? AND x.indisunique
             ORDER BY a.attname, x.indisprimary DESC, x.indexrelid\
            """;

    private final Map<String, String> operators = new HashMap<>();
    private final Map<String, String> readAs = new HashMap<>();

    /// Looks them up for `table`.
    public KeyOperators(Session session, TableName table) {
        record Found(String column, String operator, Optional<String> readAs) {}
        session.rows(
                        FIND,
                        row ->
                                new Found(
                                        row.text("attname"),
                                        "OPERATOR(%s.%s)"
                                                .formatted(
                                                        new Ident(row.text("nspname")),
                                                        row.text("oprname")),
                                        row.maybeText("read_as")),
                        table.schema(),
                        table.name())
                .forEach(found -> {
                    operators.put(found.column(), found.operator());
                    found.readAs().ifPresent(type -> readAs.put(found.column(), type));
                });
    }

    /// The condition that `left` and `right`, each the column itself, one like it, a literal or a
    /// `?`, have the same value of `column`.
    ///
    /// The operator says what a value without a type is read as. For most types that is the type
    /// itself, but some share one: rows of any type, which it cannot read; enums, arrays and
    /// ranges, which it does not take for such where a domain lies over them; and the names that
    /// `regclass` and its like show, which it would take for numbers. Domains are taken off, since
    /// their checks may be younger than a row.
    public String equal(String column, String left, String right) {
        String operator = operators.getOrDefault(column, "=");
        return "%s %s %s".formatted(typed(column, left), operator, typed(column, right));
    }

    private String typed(String column, String value) {
        String type = readAs.get(column);
        return type == null ? value : "CAST(%s AS %s)".formatted(value, type);
    }
}
