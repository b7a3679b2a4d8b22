package dev.lockstep.plans.catalog;

import dev.lockstep.plans.sql.Session;
import java.util.Collection;
import java.util.List;

/// The files that hold the rows of some tables. A table has another one once it was truncated or
/// rewritten, and whoever looks at it with an older snapshot finds it empty.
public final class TableFiles {
    private static final String FILES =
            """
            SELECT coalesce(pg_relation_filenode(to_regclass(t.name))::text, '') AS file
              FROM unnest(?::text[]) WITH ORDINALITY AS t (name, n) ORDER BY t.n\
            """;

    private final List<TableName> tables;
    private final List<String> files;

    private TableFiles(List<TableName> tables, List<String> files) {
        this.tables = tables;
        this.files = files;
    }

    /// Those of now; to be read before the snapshot is made.
    public static TableFiles of(Session session, Collection<TableName> tables) {
        List<TableName> all = List.copyOf(tables);
        return new TableFiles(all, files(session, all));
    }

    /// Whether all tables still have the files that they had.
    public boolean areSame(Session session) {
        return files(session, tables).equals(files);
    }

    /// Whether `table` still has the file that it had, and keeps it until the transaction of
    /// `session` ends, which locks it against whoever would truncate it.
    public boolean isKept(Session session, TableName table) {
        session.run("LOCK TABLE ONLY %s IN ACCESS SHARE MODE".formatted(table.sql()));
        return files(session, List.of(table)).equals(List.of(files.get(tables.indexOf(table))));
    }

    private static List<String> files(Session session, List<TableName> tables) {
        Object names = tables.stream().map(TableName::sql).toArray(String[]::new);
        return session.rows(FILES, row -> row.text("file"), names);
    }
}
