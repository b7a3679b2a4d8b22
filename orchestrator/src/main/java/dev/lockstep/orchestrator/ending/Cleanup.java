package dev.lockstep.orchestrator.ending;

import dev.lockstep.orchestrator.guard.StrayWrites;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.FlywayFolder;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.orchestrator.stage.Streams;
import dev.lockstep.orchestrator.switching.Switch;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes what a run left on both databases and in Kafka. Each step bears being done twice, so a
/// cleanup that was cut short is simply done again. The journal stays on the target.
public final class Cleanup {
    private static final Logger log = LoggerFactory.getLogger(Cleanup.class);
    private static final Duration LOCK_MAX = Duration.ofSeconds(2);
    private static final Duration SOURCE_LOCK_MAX = Duration.ofSeconds(20);

    private static final List<String> NOTES =
            List.of(
                    "chunk",
                    "copy_table",
                    "unfinished_row",
                    "position",
                    "progress",
                    "found_sequence",
                    "stray_write");

    private static final List<String> FORGET_ON_SOURCE =
            List.of(
                    "DELETE FROM lockstep.position WHERE run = ?",
                    "DELETE FROM lockstep.stray_write WHERE run = ?",
                    "DELETE FROM lockstep.run WHERE name = ?");

    /// Whether anything but the journal is needed still: by a run that is not over or that a
    /// process has, or by somebody who waits for an answer.
    private static final String IN_USE =
            """
            SELECT EXISTS (SELECT FROM lockstep.lease l
                             JOIN pg_stat_activity a ON a.pid = l.backend_pid
                              AND (a.backend_start = l.backend_start OR a.backend_start IS NULL)
                            WHERE NOT l.released)
                OR EXISTS (SELECT FROM lockstep.request r
                             JOIN pg_stat_activity a ON a.pid = r.asker_pid
                              AND (a.backend_start = r.asker_start OR a.backend_start IS NULL))
                OR EXISTS (SELECT FROM lockstep.run r
                            WHERE (SELECT event FROM lockstep.journal j
                                    WHERE j.run = r.name AND event IN ('Started', 'CleanedUp')
                                    ORDER BY seq DESC LIMIT 1) IS DISTINCT FROM 'CleanedUp')\
            """;

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
        FlywayFolder.forget(run.target(), "expand", run.name());
        FlywayFolder.forget(run.target(), "contract", run.name());
        run.target()
                .tx(session ->
                        NOTES.forEach(table ->
                                session.update(
                                        "DELETE FROM lockstep.%s WHERE run = ?".formatted(table),
                                        run.name())));
    }

    /// Leaves only the journal of all that Lockstep has on the target, where nobody needs more. To
    /// be called by each process that had a part in an ending, as its last act: the last of them
    /// finds nobody left.
    public static void leaveJournal(Db target) {
        try {
            target.tx(session -> {
                if (OwnTables.exist(session) && !session.flag(IN_USE)) {
                    session.run("SET LOCAL lock_timeout = " + LOCK_MAX.toMillis());
                    session.run(
                            "LOCK TABLE lockstep.lease, lockstep.request IN ACCESS EXCLUSIVE MODE");
                    if (!session.flag(IN_USE)) {
                        OwnTables.leaveJournal(session);
                    }
                }
            });
        } catch (LockstepException e) {
            log.atInfo()
                    .addKeyValue("why", e.text())
                    .log("tables of Lockstep's stay beside the journal");
        }
    }

    /// Removes the tables on the source, unless another run uses them.
    public void source() {
        run.requireLease();
        try (Session session = run.source().brief("cleanup")) {
            if (!OwnTables.exist(session)) {
                return;
            }
            session.begin();
            session.run("SET LOCAL lock_timeout = " + SOURCE_LOCK_MAX.toMillis());
            // A run that begins is there by now, or finds no tables and makes them anew.
            session.run("LOCK TABLE lockstep.run IN ACCESS EXCLUSIVE MODE");
            for (String sql : FORGET_ON_SOURCE) {
                session.update(sql, run.name());
            }
            if (!session.flag("SELECT EXISTS (SELECT FROM lockstep.run)")) {
                OwnTables.remove(session);
            }
            session.commit();
        }
        // The target of an earlier run keeps that one's journal.
        leaveJournal(run.source());
    }
}
