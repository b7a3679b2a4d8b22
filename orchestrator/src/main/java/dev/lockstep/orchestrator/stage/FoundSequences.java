package dev.lockstep.orchestrator.stage;

import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Session;

/// How the target's sequences stood before the run, so that one that is given up can leave them so.
/// A switch sets them, and whoever writes there takes from them.
public final class FoundSequences {
    private static final String NOTE =
            """
            INSERT INTO lockstep.found_sequence
            SELECT ?, ?, ?, last_value, is_called FROM %s
            ON CONFLICT DO NOTHING\
            """;

    private static final String GIVE_BACK =
            """
            SELECT setval(to_regclass(format('%I.%I', schema_name, sequence_name)),
                          last_value, is_called)
              FROM lockstep.found_sequence
             WHERE run = ? AND to_regclass(format('%I.%I', schema_name, sequence_name)) IS NOT NULL\
            """;

    private FoundSequences() {}

    /// Takes down how they stand, unless that is known already.
    public static void note(Session target, String run, Moved moved) {
        for (TableName name : moved.sequences(Side.SOURCE).values()) {
            target.update(NOTE.formatted(name.sql()), run, name.schema(), name.name());
        }
    }

    /// Sets them as they stood.
    public static void giveBack(Session target, String run) {
        target.rows(GIVE_BACK, row -> row.textAt(1), run);
    }
}
