package dev.lockstep.plans.catalog;

import dev.lockstep.plans.sql.Session;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The files that hold the rows of some tables. A table has another one once it was truncated or
/// rewritten (by VACUUM FULL, CLUSTER, ALTER TABLE). To whoever looks with an older snapshot its
/// rows may be gone then, and no change of the stream tells what came of them.
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

    /// The tables that have other files in `later`, which is of the same tables.
    public Set<TableName> changed(TableFiles later) {
        return IntStream.range(0, files.size())
                .filter(i -> !later.files.get(i).equals(files.get(i)))
                .mapToObj(tables::get)
                .collect(Collectors.toSet());
    }

    /// The names of the files, in the order of the tables.
    public List<String> names() {
        return files;
    }

    /// Locks `table` until the transaction of `session` ends, against whoever would truncate or
    /// rewrite it. Returns whether it still has the file that it had.
    public boolean keep(Session session, TableName table) {
        session.run("LOCK TABLE ONLY %s IN ACCESS SHARE MODE".formatted(table.sql()));
        return files(session, List.of(table)).equals(List.of(files.get(tables.indexOf(table))));
    }

    private static List<String> files(Session session, List<TableName> tables) {
        Object names = tables.stream().map(TableName::sql).toArray(String[]::new);
        return session.rows(FILES, row -> row.text("file"), names);
    }
}
