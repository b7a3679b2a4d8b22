package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.change.Change.Commit;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.Optional;

/// How far a stream is in its standby: one row beside the data, moved in the same transaction.
public final class Positions {
    private static final String CREATE =
            """
            INSERT INTO lockstep.position
                   (run, stream, epoch, lsn, begun, timeline, changes, strict)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING\
            """;
    private static final String READ =
            "SELECT lsn, changes, strict FROM lockstep.position WHERE run = ? AND stream = ?";
    private static final String BEGUN =
            """
            SELECT begun FROM lockstep.position
             WHERE run = ? AND stream = ? AND begun IS NOT NULL\
            """;
    private static final String TIMELINE =
            "SELECT timeline FROM lockstep.position WHERE run = ? AND stream = ?";
    private static final String FOLLOW =
            """
            UPDATE lockstep.position SET timeline = ?
             WHERE run = ? AND stream = ? AND epoch <= ?\
            """;
    private static final String AGE =
            """
            SELECT (1000 * extract(epoch FROM clock_timestamp() - applied_at))::bigint AS millis
              FROM lockstep.position WHERE run = ? AND stream = ?\
            """;
    private static final String CLAIM =
            """
            UPDATE lockstep.position SET epoch = ?
             WHERE run = ? AND stream = ? AND epoch <= ?\
            """;
    private static final String FENCE =
            """
            SELECT true AS held FROM lockstep.position
             WHERE run = ? AND stream = ? AND epoch = ? AND lsn = ? FOR UPDATE\
            """;
    private static final String ADVANCE =
            """
            UPDATE lockstep.position SET lsn = ?, changes = ?, applied_at = now()
             WHERE run = ? AND stream = ? AND epoch = ? AND lsn = ?\
            """;
    private static final String HOLD =
            """
            SELECT true AS held FROM lockstep.position
             WHERE run = ? AND stream = ? AND epoch = ? FOR UPDATE\
            """;
    private static final String BECOME_STRICT =
            """
            UPDATE lockstep.position SET strict = true
             WHERE run = ? AND stream = ? AND epoch = ?\
            """;

    private static final String FORGET =
            "DELETE FROM lockstep.position WHERE run = ? AND stream = ? AND epoch <= ?";

    private final String run;
    private final int stream;
    private final long epoch;

    /// A stream's position in the standby.
    ///
    /// @param changes how many row changes the standby has taken, over all the stream's time
    public record Position(Lsn lsn, long changes, boolean strict) {}

    public Positions(String run, int stream, long epoch) {
        this.run = run;
        this.stream = stream;
        this.epoch = epoch;
    }

    int stream() {
        return stream;
    }

    /// Writes the first position of a stream, unless it has one.
    ///
    /// @param timeline the one of the active's WAL that it is on
    public void create(Db standby, Position first, int timeline) {
        standby.tx(session -> create(session, first, timeline));
    }

    /// Writes the first position of a stream in place of any that an earlier epoch has written.
    public void createAnew(Db standby, Position first, int timeline, Duration atMost) {
        standby.tx(session -> {
            session.limit(atMost);
            session.update(FORGET, run, stream, epoch - 1);
            create(session, first, timeline);
        });
    }

    private void create(Session session, Position first, int timeline) {
        session.update(
                CREATE,
                run,
                stream,
                epoch,
                first.lsn(),
                first.lsn(),
                timeline,
                first.changes(),
                first.strict());
    }

    /// The first position of the stream, where it is known.
    public Optional<Lsn> begun(Session session) {
        return session.row(BEGUN, row -> row.lsn("begun"), run, stream);
    }

    /// The timeline of the active's WAL that the position is on, where there is one.
    public Optional<Integer> timeline(Session session) {
        return session.row(TIMELINE, row -> row.integer("timeline"), run, stream);
    }

    /// Says that the position is on another timeline of the active's WAL as well, which goes on
    /// from there.
    public void follow(Session session, int timeline) {
        if (session.update(FOLLOW, timeline, run, stream, epoch) != 1) {
            throw lost();
        }
    }

    /// Removes what is known of a stream, where anything is; fails where a later epoch has it.
    public void forget(Db standby) {
        standby.tx(session -> {
            if (OwnTables.exist(session)) {
                session.update(FORGET, run, stream, epoch);
                if (read(session).isPresent()) {
                    throw lost();
                }
            }
        });
    }

    public Optional<Position> read(Session session) {
        return session.row(
                READ,
                row -> new Position(row.lsn("lsn"), row.number("changes"), row.flag("strict")),
                run,
                stream);
    }

    /// How long ago the position moved, by the standby's clock; zero where there is none.
    public Duration age(Session session) {
        return Duration.ofMillis(
                session.row(AGE, row -> row.number("millis"), run, stream).orElse(0L));
    }

    /// Takes the stream over from every earlier epoch, waiting for a batch of theirs to end, and
    /// says where it stands.
    public Position claim(Db standby) {
        return standby.call(session -> {
            if (session.update(CLAIM, epoch, run, stream, epoch) != 1) {
                throw lost();
            }
            return read(session).orElseThrow();
        });
    }

    /// Locks the position for the open transaction; fails where it is not at `from` any more, or a
    /// later epoch has it.
    void fence(Session session, Lsn from) {
        if (session.row(FENCE, row -> row.flag("held"), run, stream, epoch, from).isEmpty()) {
            throw lost();
        }
    }

    /// Keeps every later epoch from taking the stream over before the open transaction ends.
    public void hold(Session session) {
        if (session.row(HOLD, row -> row.flag("held"), run, stream, epoch).isEmpty()) {
            throw lost();
        }
    }

    /// Moves the position within the open transaction. Another applier, of this epoch too, would
    /// have moved it away from `from`.
    void advance(Session session, Lsn from, Commit to) {
        if (session.update(ADVANCE, to.end(), to.changes(), run, stream, epoch, from) != 1) {
            throw lost();
        }
    }

    /// Says, within the open transaction, that every later change must fit exactly.
    public void becomeStrict(Session session) {
        if (session.update(BECOME_STRICT, run, stream, epoch) != 1) {
            throw lost();
        }
    }

    private LockstepException lost() {
        return new LockstepException(
                Fault.LEASE_LOST,
                "stream %d of run \"%s\" is written by another applier now; this one stops"
                        .formatted(stream, run));
    }
}
