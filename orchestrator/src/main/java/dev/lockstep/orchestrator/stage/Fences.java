package dev.lockstep.orchestrator.stage;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.util.Collection;

/// The names of what goes on refusing writes when a run is completed, and whether there is such a
/// thing.
public final class Fences {
    private static final String STANDING =
            """
            SELECT DISTINCT t.tgname AS name
              FROM pg_trigger t
              JOIN pg_class c ON c.oid = t.tgrelid
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE t.tgname LIKE 'lockstep\\_fenced\\_%' AND NOT t.tgisinternal
               AND format('%s.%s', n.nspname, c.relname) = ANY (?)\
            """;

    private Fences() {}

    /// Of the triggers, and of the schema on which they hang.
    public static String name(String run) {
        return "lockstep_fenced_" + run.replace('-', '_');
    }

    /// The statement that takes them away.
    public static String removal(String name) {
        return "DROP SCHEMA %s CASCADE".formatted(new Ident(name));
    }

    /// Tables that are fenced can be neither left nor moved to.
    static void check(Session session, Collection<TableName> tables, Problems problems) {
        String[] names = tables.stream().map(TableName::toString).toArray(String[]::new);
        session.rows(STANDING, row -> row.text("name"), (Object) names)
                .forEach(name ->
                        problems.add(
                                ("tables of \"%s\" refuse writes since an earlier run was completed"
                                                + " with complete.old-side: fenced; %s")
                                        .formatted(session.label(), removal(name))));
    }
}
