package dev.lockstep.orchestrator.switching;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// The triggers that make a database refuse writes to the tables of a run. Enabled they refuse,
/// disabled they are as good as gone but need no strong lock to come back.
public final class Refusal {
    private static final String STATES =
            """
            SELECT n.nspname, c.relname, t.tgenabled <> 'D' AS enabled,
                   t.tgenabled IN ('O', 'A') AS refuses, concat(t.oid, '/', t.xmin) AS version
              FROM pg_trigger t
              JOIN pg_class c ON c.oid = t.tgrelid
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE t.tgname = ? AND NOT t.tgisinternal\
            """;

    private final String run;
    private final String trigger;
    private final List<TableName> tables;
    private final String home;

    /// @param tables all of the run's in this database, partitioned ones and their partitions
    /// @param home where writes go instead, for the message
    public Refusal(String run, Collection<TableName> tables, String home) {
        this.run = run;
        this.trigger = "lockstep_refuse_" + run;
        this.tables = List.copyOf(tables);
        this.home = home;
    }

    public List<TableName> tables() {
        return tables;
    }

    /// Makes the tables refuse writes once the session's transaction commits.
    public void refuse(Session session) {
        Map<TableName, Trigger> triggers = triggers(session);
        StringBuilder sql = new StringBuilder();
        for (TableName table : tables) {
            Trigger known = triggers.get(table);
            if (known == null) {
                sql.append(
                        """
                        CREATE TRIGGER %s BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s
                           FOR EACH STATEMENT EXECUTE FUNCTION lockstep.refuse_write(%s, %s);
                        """
                                .formatted(
                                        new Ident(trigger),
                                        table.sql(),
                                        Ident.literal(run),
                                        Ident.literal(home)));
            } else if (!known.refuses()) {
                sql.append(alter(table, "ENABLE"));
            }
        }
        runIfAny(session, sql);
    }

    /// Makes the tables accept writes once the session's transaction commits.
    public void accept(Session session) {
        StringBuilder sql = new StringBuilder();
        states(session)
                .forEach((table, enabled) -> {
                    if (enabled) {
                        sql.append(alter(table, "DISABLE"));
                    }
                });
        runIfAny(session, sql);
    }

    /// Whether the tables refuse. They do so all at once; a table that was made since does not
    /// count.
    public boolean isRefusing(Session session) {
        return states(session).containsValue(true);
    }

    /// Removes the triggers, table by table.
    public void remove(Db db) {
        removeTriggers(db, trigger);
    }

    /// Removes all triggers of that name.
    public static void removeTriggers(Db db, String trigger) {
        List<TableName> found = List.copyOf(db.call(session -> read(session, trigger)).keySet());
        for (TableName table : found) {
            LockRetry.run(
                    db,
                    session ->
                            session.run(
                                    "DROP TRIGGER IF EXISTS %s ON %s"
                                            .formatted(new Ident(trigger), table.sql())));
        }
    }

    /// A table's trigger as the catalog has it.
    ///
    /// @param refuses whether it fires for applications
    /// @param version another one once anybody has altered it
    public record Trigger(boolean enabled, boolean refuses, String version) {}

    /// Those that are there.
    public Map<TableName, Trigger> triggers(Session session) {
        return read(session, trigger);
    }

    private Map<TableName, Boolean> states(Session session) {
        return read(session, trigger).entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().enabled()));
    }

    private static Map<TableName, Trigger> read(Session session, String trigger) {
        return session
                .rows(
                        STATES,
                        row ->
                                Map.entry(
                                        new TableName(row.text("nspname"), row.text("relname")),
                                        new Trigger(
                                                row.flag("enabled"),
                                                row.flag("refuses"),
                                                row.text("version"))),
                        trigger)
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    private String alter(TableName table, String verb) {
        // ONLY: a partition has a trigger of its own.
        return "ALTER TABLE ONLY %s %s TRIGGER %s;\n"
                .formatted(table.sql(), verb, new Ident(trigger));
    }

    private static void runIfAny(Session session, StringBuilder sql) {
        if (!sql.isEmpty()) {
            session.run(sql.toString());
        }
    }
}
