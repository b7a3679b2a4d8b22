package dev.lockstep.orchestrator.guard;

import dev.lockstep.orchestrator.switching.Refusal;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.catalog.TableTrigger;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// The triggers that take down what sessions in replica role write to a side that refuses writes:
/// no refusal reaches those. Lockstep's own appliers write in that role, too, and are known by a
/// setting, which costs them a comparison a statement.
public final class StrayWrites {
    /// A table that somebody has locked is left for later.
    static final String LIMITS = "SET LOCAL lock_timeout = '500ms'";

    private static final String WATCH =
            """
            CREATE TRIGGER %1$s BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %2$s
               FOR EACH STATEMENT
               WHEN (current_setting(%3$s, true) IS DISTINCT FROM 'yes')
               EXECUTE FUNCTION lockstep.note_stray_write(%4$s);
            """;

    private static final String ENABLE = "ALTER TABLE ONLY %2$s ENABLE REPLICA TRIGGER %1$s";

    private StrayWrites() {}

    private static String trigger(String run) {
        return "lockstep_stray_" + run;
    }

    /// Tables on which such writes are taken down.
    static Set<TableName> watched(Session session, String run) {
        return states(session, run).entrySet().stream()
                .filter(state -> state.getValue().equals("R"))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    /// In PostgreSQL's letters, as with [TableTrigger].
    private static Map<TableName, String> states(Session session, String run) {
        return TableTrigger.named(session, trigger(run)).stream()
                .collect(Collectors.toMap(TableTrigger::table, TableTrigger::enabled));
    }

    /// Has writes to `tables` taken down once the session's transaction commits.
    public static void watch(Session session, String run, Collection<TableName> tables) {
        Map<TableName, String> states = states(session, run);
        for (TableName table : tables) {
            String state = states.getOrDefault(table, "");
            if (!state.equals("R")) {
                String sql = (state.isEmpty() ? WATCH : "") + ENABLE;
                session.run(LIMITS);
                session.run(
                        sql.formatted(
                                new Ident(trigger(run)),
                                table.sql(),
                                Ident.literal(OwnTables.OWN_WRITER),
                                Ident.literal(run)));
            }
        }
    }

    /// Removes the triggers, table by table.
    public static void remove(Db db, String run) {
        Refusal.removeTriggers(db, trigger(run));
    }
}
