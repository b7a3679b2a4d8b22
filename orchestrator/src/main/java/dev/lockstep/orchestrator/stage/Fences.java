package dev.lockstep.orchestrator.stage;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.catalog.TableTrigger;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.util.Collection;

/// The names of what goes on refusing writes when a run is completed, and whether there is such a
/// thing.
public final class Fences {
    private static final String PREFIX = "lockstep_fenced_";

    private Fences() {}

    /// Of the triggers, and of the schema on which they hang.
    public static String name(String run) {
        return PREFIX + run.replace('-', '_');
    }

    /// The statement that takes them away.
    public static String removal(String name) {
        return "DROP SCHEMA %s CASCADE".formatted(new Ident(name));
    }

    /// Tables that are fenced can be neither left nor moved to.
    static void check(Session session, Collection<TableName> tables, Problems problems) {
        TableTrigger.beginning(session, PREFIX).stream()
                .filter(trigger -> tables.contains(trigger.table()))
                .map(TableTrigger::name)
                .distinct()
                .forEach(name ->
                        problems.add(
                                ("tables of \"%s\" refuse writes since an earlier run was completed"
                                                + " with complete.old-side: fenced; %s")
                                        .formatted(session.label(), removal(name))));
    }
}
