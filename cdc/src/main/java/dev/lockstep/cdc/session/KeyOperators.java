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
                   CASE WHEN o.opcintype <> a.atttypid
                             AND o.opcintype IN ('oid'::regtype, 'record'::regtype)
                        THEN format_type(a.atttypid, NULL)
                   END AS read_as
              FROM pg_index x
              JOIN pg_class c ON c.oid = x.indrelid
              JOIN pg_namespace cn ON cn.oid = c.relnamespace
             CROSS JOIN unnest(x.indkey::int2[], x.indclass::oid[]) AS k (attnum, class)
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
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

    /// How `column` is compared with a value.
    public String equality(String column) {
        return operators.getOrDefault(column, "=");
    }

    /// `value`, a literal or a `?`, as what `column` is compared with.
    ///
    /// The operator says what a value without a type is read as. For most types that is the type
    /// itself; but rows of any type share one operator, which can read none, and the names that
    /// `regclass` and its like show are no numbers, which is how they are compared.
    public String given(String column, String value) {
        String type = readAs.get(column);
        return type == null ? value : "CAST(%s AS %s)".formatted(value, type);
    }
}
