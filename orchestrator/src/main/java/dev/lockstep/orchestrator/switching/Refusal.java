package dev.lockstep.orchestrator.switching;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.catalog.TableTrigger;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
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
        triggers(session)
                .forEach((table, known) -> {
                    if (known.enabled()) {
                        sql.append(alter(table, "DISABLE"));
                    }
                });
        runIfAny(session, sql);
    }

    /// Whether the tables refuse. They do so all at once; a table that was made since does not
    /// count.
    public boolean isRefusing(Session session) {
        return triggers(session).values().stream().anyMatch(Trigger::enabled);
    }

    /// Fails where somebody has kept one from refusing: writes may have come there since anybody
    /// looked.
    void requireRefusing(Session session) {
        triggers(session)
                .forEach((table, known) -> {
                    if (!known.refuses()) {
                        throw new LockstepException(
                                Fault.SWITCH_FAILED,
                                ("table \"%s\" does not refuse writes any more, and they may have"
                                                + " come there since the databases were compared;"
                                                + " try again, which compares them once more")
                                        .formatted(table));
                    }
                });
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

    private static Map<TableName, Trigger> read(Session session, String trigger) {
        return TableTrigger.named(session, trigger).stream()
                .collect(
                        Collectors.toMap(
                                TableTrigger::table,
                                each ->
                                        new Trigger(
                                                each.isEnabled(),
                                                each.firesForApplications(),
                                                each.version())));
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
