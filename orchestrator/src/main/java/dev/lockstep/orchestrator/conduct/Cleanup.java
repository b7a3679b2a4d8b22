package dev.lockstep.orchestrator.conduct;

import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.FlywayFolder;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.orchestrator.stage.Streams;
import dev.lockstep.orchestrator.switching.Switch;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import java.util.List;

/// Removes what a run left on both databases and in Kafka. Each step bears being done twice, so a
/// cleanup that was cut short is simply done again. The journal stays on the target.
public final class Cleanup {
    private static final List<String> NOTES =
            List.of("chunk", "copy_table", "unfinished_row", "position", "progress");
    private static final String IN_USE =
            """
            SELECT EXISTS (SELECT FROM lockstep.position WHERE run <> ?)
                OR EXISTS (SELECT FROM lockstep.journal WHERE run <> ?)\
            """;

    private final Run run;

    public Cleanup(Run run) {
        this.run = run;
    }

    /// Removes what carries changes and what refuses writes.
    ///
    /// @param stream the one that runs; those beside it may be left from a switch that was cut
    ///   short
    public void streamsAndTriggers(Moved moved, int stream) {
        for (int n = Math.max(0, stream - 1); n <= stream + 1; n++) {
            Streams.remove(run, n);
        }
        for (Side side : Side.values()) {
            if (run.db(side).call(OwnTables::exist)) {
                Switch.refusal(run, moved, side).remove(run.db(side));
            }
        }
    }

    /// Removes all notes but the journal.
    public void notes() {
        FlywayFolder.forget(run.target(), "expand", run.name());
        FlywayFolder.forget(run.target(), "contract", run.name());
        forgetNotes(run.target());
        dropOwnTables(run.source());
    }

    private void forgetNotes(Db db) {
        db.tx(session ->
                NOTES.forEach(table ->
                        session.update(
                                "DELETE FROM lockstep.%s WHERE run = ?".formatted(table),
                                run.name())));
    }

    /// Drops the schema, unless another run uses it.
    private void dropOwnTables(Db db) {
        try (Session session = db.session("cleanup")) {
            if (!OwnTables.exist(session)) {
                return;
            }
            session.update("DELETE FROM lockstep.position WHERE run = ?", run.name());
            if (!session.flag(IN_USE, run.name(), run.name())) {
                session.run("DROP SCHEMA lockstep CASCADE");
            }
        }
    }
}
