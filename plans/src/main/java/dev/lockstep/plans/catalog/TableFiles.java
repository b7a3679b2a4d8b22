package dev.lockstep.plans.catalog;

import dev.lockstep.plans.sql.Row;
import dev.lockstep.plans.sql.Session;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The files that hold the rows of some tables, and the forms that the rows have. A table has
/// another file once it was truncated or rewritten (by VACUUM FULL, CLUSTER, ALTER TABLE). To
/// whoever looks with an older snapshot its rows may be gone then, and no change of the stream
/// tells what came of them.
public final class TableFiles {
    private static final String FILES =
            """
            SELECT coalesce(pg_relation_filenode(to_regclass(t.name))::text, '') AS file
              FROM unnest(?::text[]) WITH ORDINALITY AS t (name, n) ORDER BY t.n\
            """;

    /// As a snapshot has them: what is asked by name is answered by what is there now.
    private static final String SEEN =
            """
            SELECT coalesce((SELECT c.relfilenode::text
                               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                              WHERE n.nspname = t.schema AND c.relname = t.name), '') AS file,
                   '' AS form
              FROM unnest(?::text[], ?::text[]) WITH ORDINALITY AS t (schema, name, n)
             ORDER BY t.n\
            """;

    /// Columns, their types, the labels of their enums and what names a row: what a statement
    /// changes of these leaves another text. Enums within composites and ranges are not looked
    /// into.
    private static final String FILES_AND_FORMS =
            """
            SELECT coalesce(pg_relation_filenode(c.oid)::text, '') AS file,
                   concat_ws(' ', c.oid, c.relreplident, pg_partition_root(c.oid)::oid,
                             (SELECT string_agg(i.indkey::text, ',' ORDER BY i.indexrelid)
                                FROM pg_index i
                               WHERE i.indrelid = c.oid AND i.indisvalid
                                 AND (i.indisprimary OR i.indisreplident)),
                             (SELECT sum(hashtextextended(
                                             concat_ws(' ', a.attnum, a.attname, a.atttypid,
                                                       a.atttypmod, a.attgenerated, e.labels), 0))
                                FROM pg_attribute a
                                JOIN pg_type y ON y.oid = a.atttypid
                                LEFT JOIN LATERAL (
                                         SELECT string_agg(concat(v.oid, v.enumlabel), ','
                                                           ORDER BY v.oid) AS labels
                                           FROM pg_enum v
                                          WHERE v.enumtypid IN (y.oid, y.typelem, y.typbasetype)
                                     ) AS e ON true
                               WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
                       AS form
              FROM unnest(?::text[]) WITH ORDINALITY AS t (name, n)
              LEFT JOIN pg_class c ON c.oid = to_regclass(t.name)
             ORDER BY t.n\
            """;

    private final List<TableName> tables;
    private final List<OfTable> all;

    private record OfTable(String file, String form) {
        static OfTable read(Row row) throws SQLException {
            return new OfTable(row.text("file"), row.text("form"));
        }
    }

    private TableFiles(List<TableName> tables, List<OfTable> all) {
        this.tables = tables;
        this.all = all;
    }

    /// Those of now; to be read before the snapshot is made.
    public static TableFiles of(Session session, Collection<TableName> tables) {
        List<TableName> known = List.copyOf(tables);
        return new TableFiles(known, session.rows(FILES_AND_FORMS, OfTable::read, names(known)));
    }

    /// The files alone, as they were at the moment of the snapshot that `session` is in.
    public static TableFiles seen(Session session, Collection<TableName> tables) {
        List<TableName> known = List.copyOf(tables);
        Object schemas = known.stream().map(TableName::schema).toArray(String[]::new);
        Object names = known.stream().map(TableName::name).toArray(String[]::new);
        return new TableFiles(known, session.rows(SEEN, OfTable::read, schemas, names));
    }

    /// These, but for those of some of the tables that were read later.
    public TableFiles with(TableFiles later) {
        List<OfTable> merged = new ArrayList<>(all);
        for (int i = 0; i < later.tables.size(); i++) {
            merged.set(tables.indexOf(later.tables.get(i)), later.all.get(i));
        }
        return new TableFiles(tables, merged);
    }

    /// The tables that have other files in `later`, which is of the same tables.
    public Set<TableName> changed(TableFiles later) {
        return differing(later, OfTable::file);
    }

    /// The tables whose rows have another form in `later`, which is of the same tables.
    public Set<TableName> reshaped(TableFiles later) {
        return differing(later, OfTable::form);
    }

    private Set<TableName> differing(TableFiles later, Function<OfTable, String> what) {
        return IntStream.range(0, all.size())
                .filter(i -> !what.apply(later.all.get(i)).equals(what.apply(all.get(i))))
                .mapToObj(tables::get)
                .collect(Collectors.toSet());
    }

    /// Tells them from any others.
    public String text() {
        return all.toString();
    }

    /// Locks `table` until the transaction of `session` ends, against whoever would truncate or
    /// rewrite it. Returns whether it still has the file that it had.
    public boolean keep(Session session, TableName table) {
        session.run("LOCK TABLE ONLY %s IN ACCESS SHARE MODE".formatted(table.sql()));
        String now = session.one(FILES, names(List.of(table)));
        return now.equals(all.get(tables.indexOf(table)).file());
    }

    private static Object names(List<TableName> tables) {
        return tables.stream().map(TableName::sql).toArray(String[]::new);
    }
}
