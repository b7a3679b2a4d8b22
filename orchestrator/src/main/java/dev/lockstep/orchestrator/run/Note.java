package dev.lockstep.orchestrator.run;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a process that works on a run leaves for others to see, in `lockstep.progress` on the
/// target.
///
/// @param epoch of who left it
/// @param stream whose changes are counted
/// @param lagMillis null while no stream flows
/// @param logBytes how much disk the change log takes on this machine; 0 where it is elsewhere
/// @param trouble what the work waits for to pass, if it does
/// @param doing what a command has it do or wait for, if one does
public record Note(
        long epoch,
        int stream,
        long captured,
        long applied,
        @Nullable Long lagMillis,
        long retainedWalBytes,
        long logBytes,
        @Nullable String trouble,
        @Nullable String doing) {

    /// What is noted of a run that is being ended would stay behind; what a process notes whose run
    /// another one has by now would hide the other's.
    private static final String LEAVE =
            """
            INSERT INTO lockstep.progress AS p (run, body)
            SELECT run, ?::jsonb
              FROM lockstep.journal
             WHERE run = ?
             GROUP BY run
            HAVING max(seq) FILTER (WHERE event = 'Started')
                       > coalesce(max(seq) FILTER (
                             WHERE event IN ('AbortStarted', 'CompletionStarted')), 0)
            ON CONFLICT (run) DO UPDATE SET at = now(), body = excluded.body
             WHERE coalesce((p.body ->> 'epoch')::bigint, 0)
                       <= (excluded.body ->> 'epoch')::bigint\
            """;

    private static final String FIND =
            """
            SELECT p.body::text AS body,
                   p.at > now() - interval '10 seconds'
                       AND (p.body ->> 'epoch')::bigint = l.epoch AS fresh
              FROM lockstep.progress p
              JOIN lockstep.lease l USING (run)
             WHERE p.run = ?\
            """;

    /// One that was found.
    ///
    /// @param fresh whether it is of the last seconds, and of who has the run
    public record Found(Note note, boolean fresh) {}

    /// Leaves it, in one statement: a transaction that is held up before its commit could outlast
    /// the run.
    public void leave(Db target, String run) {
        try (Session session = target.brief("progress")) {
            session.update(LEAVE, Json.write(this), run);
        }
    }

    /// The last one.
    public static Optional<Found> find(Session session, String run) {
        return session.row(
                FIND,
                row -> new Found(Json.read(row.text("body"), Note.class), row.flag("fresh")),
                run);
    }
}
