package dev.lockstep.plans.catalog;

import dev.lockstep.plans.sql.Row;
import dev.lockstep.plans.sql.Session;
import java.sql.SQLException;
import java.util.List;

/// A trigger of a table, as the catalog has it.
///
/// @param enabled when it fires, in PostgreSQL's letters: `D` never, `O` but for replicas, `R` for
///   these only, `A` always
/// @param version another one once anybody has altered it
public record TableTrigger(TableName table, String name, String enabled, String version) {
    private static final String LIKE =
            """
            SELECT n.nspname, c.relname, t.tgname, t.tgenabled::text AS enabled,
                   concat(t.oid, '/', t.xmin) AS version
              FROM pg_trigger t
              JOIN pg_class c ON c.oid = t.tgrelid
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE t.tgname LIKE ? AND NOT t.tgisinternal\
            """;

    /// All of that name.
    public static List<TableTrigger> named(Session session, String name) {
        return beginning(session, name).stream().filter(t -> t.name().equals(name)).toList();
    }

    /// All whose names begin so.
    public static List<TableTrigger> beginning(Session session, String prefix) {
        String pattern = prefix.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%");
        return session.rows(LIKE, TableTrigger::of, pattern + "%");
    }

    private static TableTrigger of(Row row) throws SQLException {
        return new TableTrigger(
                new TableName(row.text("nspname"), row.text("relname")),
                row.text("tgname"),
                row.text("enabled"),
                row.text("version"));
    }

    /// Whether it fires at all.
    public boolean isEnabled() {
        return !enabled.equals("D");
    }

    /// Whether it fires for applications.
    public boolean firesForApplications() {
        return enabled.equals("O") || enabled.equals("A");
    }
}
