package dev.lockstep.orchestrator.ending;

import dev.lockstep.orchestrator.guard.StrayWrites;
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
            List.of(
                    "chunk",
                    "copy_table",
                    "unfinished_row",
                    "position",
                    "progress",
                    "found_sequence",
                    "stray_write");

    private final Run run;

    public Cleanup(Run run) {
        this.run = run;
    }

    /// Removes what carries changes.
    ///
    /// @param stream the one that runs; those beside it may be left from a switch that was cut
    ///   short
    public void streams(int stream) {
        for (int n = Math.max(0, stream - 1); n <= stream + 1; n++) {
            Streams.remove(run, n);
        }
    }

    /// Removes what refuses writes.
    public void triggers(Moved moved) {
        for (Side side : Side.values()) {
            run.requireLease();
            if (run.db(side).call(OwnTables::exist)) {
                Switch.refusal(run, moved, side).remove(run.db(side));
                StrayWrites.remove(run.db(side), run.name());
            }
        }
    }

    /// Removes all notes on the target but the journal.
    public void target() {
        run.requireLease();
        target(run.target(), run.name());
    }

    /// As [#target()], where the run itself is not open.
    public static void target(Db target, String run) {
        FlywayFolder.forget(target, "expand", run);
        FlywayFolder.forget(target, "contract", run);
        target.tx(session ->
                NOTES.forEach(table ->
                        session.update(
                                "DELETE FROM lockstep.%s WHERE run = ?".formatted(table), run)));
    }

    /// Removes the tables on the source, unless another run uses them.
    public void source() {
        run.requireLease();
        try (Session session = run.source().brief("cleanup")) {
            if (!OwnTables.exist(session)) {
                return;
            }
            session.update("DELETE FROM lockstep.position WHERE run = ?", run.name());
            session.update("DELETE FROM lockstep.stray_write WHERE run = ?", run.name());
            session.update("DELETE FROM lockstep.run WHERE name = ?", run.name());
            if (!session.flag("SELECT EXISTS (SELECT FROM lockstep.run)")) {
                session.run("DROP SCHEMA lockstep CASCADE");
            }
        }
    }
}
