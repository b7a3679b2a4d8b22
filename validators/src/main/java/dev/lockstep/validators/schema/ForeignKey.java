package dev.lockstep.validators.schema;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.validators.TablePair;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// A foreign key as the catalog has it. One of a partitioned table stands for those of its
/// partitions.
///
/// @param definition as the server prints it; empty where that was not asked for, or cannot be told
///   because the key is gone by now
/// @param actions match type, what updates and deletes do, when it is checked
/// @param operators by which the columns of a referenced row are compared with these
/// @param collations of the referenced columns, as a clause; empty where a type has none
/// @param readable whether this user sees all rows of both tables
record ForeignKey(
        TableName table,
        String name,
        Optional<String> definition,
        List<String> columns,
        TableName references,
        List<String> referenced,
        String actions,
        List<String> operators,
        List<String> collations,
        Kind kind,
        boolean readable) {
    /// What the server makes of it, as far as that matters here.
    ///
    /// @param full whether it is MATCH FULL
    /// @param valid whether all rows are said to keep to it
    /// @param enforced whether it does anything at all
    /// @param period whether it is over periods of time
    /// @param fromWhole whether the table is partitioned
    /// @param toWhole whether the referenced table is
    record Kind(
            boolean full,
            boolean valid,
            boolean enforced,
            boolean period,
            boolean fromWhole,
            boolean toWhole) {}

    /// What only newer servers have is asked of the row as JSON, which older ones lack then.
    private static final String FORM =
            """
            SELECT n.nspname, c.relname, k.conname, %s AS definition,
                   rn.nspname AS ref_schema, r.relname AS ref_name,
                   c.relkind = 'p' AS from_whole, r.relkind = 'p' AS to_whole,
                   concat_ws(' ', k.confmatchtype, k.confupdtype, k.confdeltype, k.condeferrable,
                             k.condeferred) AS actions,
                   k.confmatchtype = 'f' AS is_full, k.convalidated,
                   coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) AS enforced,
                   coalesce((to_jsonb(k) ->> 'conperiod')::boolean, false) AS period,
                   has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(r.oid, 'SELECT')
                       AND has_schema_privilege(n.oid, 'USAGE')
                       AND has_schema_privilege(rn.oid, 'USAGE')
                       AND NOT row_security_active(c.oid) AND NOT row_security_active(r.oid)
                       AS readable,
                   parts.columns, parts.referenced, parts.operators, parts.collations
              FROM %s
              JOIN pg_constraint k ON k.conrelid = c.oid
              JOIN pg_class r ON r.oid = k.confrelid
              JOIN pg_namespace rn ON rn.oid = r.relnamespace
             CROSS JOIN LATERAL (
                   SELECT array_agg(a.attname::text ORDER BY u.n) AS columns,
                          array_agg(b.attname::text ORDER BY u.n) AS referenced,
                          array_agg(format('OPERATOR(%%I.%%s)', opn.nspname, o.oprname)
                                    ORDER BY u.n) AS operators,
                          array_agg(CASE WHEN co.oid IS NULL THEN ''
                                         ELSE format(' COLLATE %%I.%%I', cn.nspname, co.collname)
                                    END ORDER BY u.n) AS collations
                     FROM unnest(k.conkey, k.confkey, k.conpfeqop) WITH ORDINALITY
                              AS u (here, there, operator, n)
                     JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.here
                     JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = u.there
                     JOIN pg_operator o ON o.oid = u.operator
                     JOIN pg_namespace opn ON opn.oid = o.oprnamespace
                     LEFT JOIN pg_collation co ON co.oid = b.attcollation
                     LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace) AS parts
             WHERE k.contype = 'f' AND k.conparentid = 0
             ORDER BY 1, 2, 3\
            """;

    /// With definitions, which are of this moment whatever snapshot it is read in: the statement
    /// fails where a table is gone by now.
    static final String READ = FORM.formatted("pg_get_constraintdef(k.oid)", Extent.TABLES);

    /// Without definitions, for use in a snapshot.
    static final String READ_AS_SEEN = FORM.formatted("NULL", Extent.TABLES);

    ForeignKey {
        columns = List.copyOf(columns);
        referenced = List.copyOf(referenced);
        operators = List.copyOf(operators);
        collations = List.copyOf(collations);
    }

    static ForeignKey read(Row row) throws SQLException {
        return new ForeignKey(
                new TableName(row.text("nspname"), row.text("relname")),
                row.text("conname"),
                row.maybeText("definition"),
                row.texts("columns"),
                new TableName(row.text("ref_schema"), row.text("ref_name")),
                row.texts("referenced"),
                row.text("actions"),
                row.texts("operators"),
                row.texts("collations"),
                new Kind(
                        row.flag("is_full"),
                        row.flag("convalidated"),
                        row.flag("enforced"),
                        row.flag("period"),
                        row.flag("from_whole"),
                        row.flag("to_whole")),
                row.flag("readable"));
    }

    /// How a person is told of it.
    String text() {
        return "constraint \"%s\" %s"
                .formatted(
                        name,
                        definition.orElseGet(() ->
                                "FOREIGN KEY (%s) REFERENCES %s (%s)"
                                        .formatted(
                                                list(columns),
                                                references.sql(),
                                                list(referenced))));
    }

    private static String list(List<String> columns) {
        return columns.stream()
                .map(column -> new Ident(column).toString())
                .collect(Collectors.joining(", "));
    }

    /// What it says, valid or not, in a form that is equal on both sides.
    String formOfActive(TablePair pair, Extent extent) {
        List<String> there =
                extent.pair(references)
                        .map(other -> referenced.stream().map(other::standbyColumn).toList())
                        .orElse(referenced);
        return form(
                columns.stream().map(pair::standbyColumn).toList(),
                extent.standbyName(references),
                there);
    }

    String formOfStandby() {
        return form(columns, references, referenced);
    }

    private String form(List<String> here, TableName other, List<String> there) {
        return List.of(here, other, there, actions, kind.enforced()).toString();
    }
}
