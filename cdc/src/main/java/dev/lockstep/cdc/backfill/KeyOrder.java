package dev.lockstep.cdc.backfill;

import dev.lockstep.plans.catalog.Column;
import dev.lockstep.plans.catalog.Key;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.plans.sql.Session;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// The order in which a table is cut into ranges: that of its change key, compared as a row value,
/// so that the key's own index serves both the cut and the read.
///
/// @param schema where the key's comparison operators live. It is spelled out, since the search
///   path is pinned to the system's: without it `citext` would be compared as `text` and the ranges
///   would not follow the index.
record KeyOrder(List<Column> columns, String schema) {
    private static final String OPERATORS =
            """
            SELECT min(n.nspname) AS schema
              FROM pg_index x
              JOIN pg_class i ON i.oid = x.indexrelid
              JOIN pg_class c ON c.oid = x.indrelid
              JOIN pg_namespace cn ON cn.oid = c.relnamespace
             CROSS JOIN unnest(x.indkey::int2[], x.indclass::oid[]) AS k (attnum, class)
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
              JOIN pg_type t ON t.oid = a.atttypid
              JOIN pg_opclass o ON o.oid = k.class
              JOIN pg_am m ON m.oid = o.opcmethod AND m.amname = 'btree'
              JOIN pg_amop ao ON ao.amopfamily = o.opcfamily AND ao.amopstrategy = 4
                   AND ao.amoplefttype = o.opcintype AND ao.amoprighttype = o.opcintype
              JOIN pg_operator p ON p.oid = ao.amopopr
              JOIN pg_namespace n ON n.oid = p.oprnamespace
             WHERE cn.nspname = ? AND c.relname = ? AND i.relname = ?
            HAVING count(DISTINCT n.nspname) = 1 AND bool_and(p.oprname = '>=')
               AND NOT bool_or(t.typtype = 'd' AND o.opcintype = 'anyenum'::regtype)\
            """;

    KeyOrder {
        columns = List.copyOf(columns);
    }

    /// Empty where the key's columns have no comparison in common that one expression could name,
    /// as domains over enums have none at all; such a table is one chunk.
    static Optional<KeyOrder> of(Session active, Table table, Key key) {
        List<Column> columns =
                key.columns().stream().map(name -> table.column(name).orElseThrow()).toList();
        return active.row(
                        OPERATORS,
                        row -> row.text("schema"),
                        table.name().schema(),
                        table.name().name(),
                        key.index())
                .map(schema -> new KeyOrder(columns, schema));
    }

    /// The key's columns of a table that goes by the name `t`. Without that name, ORDER BY would
    /// mean the texts of the select list, which are called like the columns.
    String names() {
        return columns.stream()
                .map(c -> "t." + new Ident(c.name()))
                .collect(Collectors.joining(", "));
    }

    /// The key's columns as text, for a select list.
    String texts() {
        return columns.stream()
                .map(c -> new Ident(c.name()) + "::pg_catalog.text")
                .collect(Collectors.joining(", "));
    }

    /// The key as [#texts] selected it.
    List<String> read(Row row) throws SQLException {
        List<String> values = new ArrayList<>();
        for (int i = 1; i <= columns.size(); i++) {
            values.add(row.textAt(i).orElseThrow());
        }
        return values;
    }

    /// The condition for the rows of a chunk, `true` where it has no bounds.
    String within(List<String> from, List<String> until) {
        List<String> conditions = new ArrayList<>();
        if (!from.isEmpty()) {
            conditions.add(compare(">=", from));
        }
        if (!until.isEmpty()) {
            conditions.add(compare("<", until));
        }
        return conditions.isEmpty() ? "true" : String.join(" AND ", conditions);
    }

    private String plainNames() {
        return Ident.list(columns.stream().map(Column::name).toList());
    }

    private String compare(String operator, List<String> bound) {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            values.add(
                    "CAST(%s AS %s)".formatted(Ident.literal(bound.get(i)), columns.get(i).type()));
        }
        return "ROW(%s) OPERATOR(%s.%s) ROW(%s)"
                .formatted(plainNames(), new Ident(schema), operator, String.join(", ", values));
    }
}
