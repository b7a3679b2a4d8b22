package dev.lockstep.cdc.capture;

import dev.lockstep.cdc.log.PositionLost;
import dev.lockstep.cdc.session.OpenTransactions;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.SqlStates;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// A stream's publication and replication slot on the active database, which share one name.
public final class Slot {
    private static final Duration CREATE_MAX = Duration.ofSeconds(60);

    private static final String RETAINED =
            """
            coalesce(pg_wal_lsn_diff(
                CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                     ELSE pg_current_wal_lsn() END, restart_lsn), 0)::bigint\
            """;

    private static final String FIND =
            """
            SELECT database = current_database() AS own, confirmed_flush_lsn, wal_status, active,
                   %s AS retained
              FROM pg_replication_slots WHERE slot_name = ?\
            """
                    .formatted(RETAINED);

    private static final String MOST_RETAINED =
            """
            SELECT coalesce(max(%s), 0)
              FROM pg_replication_slots
             WHERE database = current_database() AND slot_name ~ ('^' || ? || '[0-9]+$')\
            """
                    .formatted(RETAINED);

    private static final String END_READER =
            """
            SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots
             WHERE slot_name = ? AND database = current_database() AND active_pid IS NOT NULL\
            """;

    private final String name;
    private final int stream;

    /// What the server says about a slot.
    ///
    /// @param read whether somebody reads it now
    public record State(Lsn confirmed, boolean lost, boolean read, long retainedBytes) {}

    public Slot(String run, int stream) {
        this.name = prefix(run) + stream;
        this.stream = stream;
    }

    private static String prefix(String run) {
        return "lockstep_" + run.replace('-', '_') + "_";
    }

    /// The WAL that the server of `session` keeps for a run, whatever stream it is at.
    public static long retainedBytes(Session session, String run) {
        return Long.parseLong(session.one(MOST_RETAINED, prefix(run)));
    }

    public String name() {
        return name;
    }

    int stream() {
        return stream;
    }

    /// What makes a slot useless that looks like this; empty where nothing does.
    public static Optional<String> loss(Optional<State> state) {
        if (state.isEmpty()) {
            return Optional.of("is gone");
        }
        return state.get().lost()
                ? Optional.of("was invalidated: its WAL is gone")
                : Optional.empty();
    }

    /// The fault of a stream whose slot is lost.
    public LockstepException lost(String database, String how) {
        return PositionLost.of(
                stream,
                ("replication slot \"%s\" on \"%s\" %s, and with it changes that were not "
                                + "carried")
                        .formatted(name, database, how));
    }

    /// Whether a publication of this name is there.
    public boolean isPublished(Session session) {
        return new Publication(name).isThere(session);
    }

    /// Up to where the slot has been read for good; zero where there is none.
    public Lsn confirmed(Db active) {
        try (Session session = active.brief("slot")) {
            return state(session).map(State::confirmed).orElse(Lsn.ZERO);
        }
    }

    /// What the server knows of the slot; empty where there is none.
    public Optional<State> state(Session session) {
        return session.row(
                FIND,
                row -> {
                    if (!row.flag("own")) {
                        throw new LockstepException(
                                Fault.NAME_IN_USE,
                                ("replication slot \"%s\" belongs to another database of the "
                                                        + "server of \"%s\";")
                                                .formatted(name, session.label())
                                        + " give the plan another name or drop the slot");
                    }
                    return new State(
                            row.isNull("confirmed_flush_lsn")
                                    ? Lsn.ZERO
                                    : row.lsn("confirmed_flush_lsn"),
                            row.maybeText("wal_status").orElse("").equals("lost"),
                            row.flag("active"),
                            row.number("retained"));
                },
                name);
    }

    /// Publishes `tables`, all of which hold rows themselves, and makes the slot, where they are
    /// missing. Returns the position from which every commit is sent.
    public Lsn create(Db active, List<Table> tables) {
        try (Session session = active.brief("slot")) {
            Optional<State> found = state(session);
            if (found.isPresent()) {
                publishOn(session, tables);
                return found.get().confirmed();
            }
            // One that is there has been of no use yet.
            Publication publication = new Publication(name);
            publication.drop(session);
            publication.create(session, tables);
            return createSlot(session);
        }
    }

    /// Goes on publishing `tables`. Fails where that has been interrupted.
    public void publish(Db active, List<Table> tables) {
        try (Session session = active.brief("slot")) {
            publishOn(session, tables);
        }
    }

    private void publishOn(Session session, List<Table> tables) {
        requirePublished(session);
        if (new Publication(name).extend(session, tables)) {
            requirePublished(session);
            new Membership(name).note(session);
        }
    }

    /// Fails where the publication has been altered by somebody else.
    public void requirePublished(Session session) {
        unpublished(session)
                .ifPresent(failure -> {
                    throw failure;
                });
    }

    /// The fault of a stream whose publication somebody else has altered, if that is so.
    public Optional<LockstepException> unpublished(Session session) {
        return new Membership(name)
                .alteration(session)
                .map(how ->
                        PositionLost.of(
                                stream,
                                ("publication \"%s\" on \"%s\" was altered (%s): changes since"
                                                + " then were not carried")
                                        .formatted(name, session.label(), how)));
    }

    private Lsn createSlot(Session session) {
        session.run("SET statement_timeout = " + CREATE_MAX.toMillis());
        try {
            return Lsn.parse(
                    session.one(
                            "SELECT lsn FROM pg_create_logical_replication_slot(?, 'pgoutput')",
                            name));
        } catch (LockstepException e) {
            if (SqlStates.of(e).orElse("").equals(SqlStates.CANCELLED)) {
                throw slow(session, e);
            }
            throw e;
        } finally {
            session.run("SET statement_timeout = 0");
        }
    }

    private LockstepException slow(Session session, LockstepException cause) {
        return new LockstepException(
                Fault.LOCK_TIMEOUT,
                ("replication slot \"%s\" on \"%s\" was not ready within %d s: it waits for "
                                + "every transaction that was open: %s; end them and try again")
                        .formatted(
                                name,
                                session.label(),
                                CREATE_MAX.toSeconds(),
                                OpenTransactions.of(session).text()),
                cause);
    }

    /// Ends whoever reads the slot: a process that was taken for dead, or one whose end the server
    /// has not heard of. For the owner of the run.
    void free(Session session) {
        session.rows(END_READER, row -> row.textAt(1), name);
    }

    /// Removes slot and publication, whatever of them is there.
    public void drop(Db active) {
        try (Session session = active.brief("slot")) {
            if (state(session).isPresent()) {
                free(session);
                session.rows("SELECT pg_drop_replication_slot(?)", row -> row.textAt(1), name);
            }
            new Publication(name).drop(session);
        }
    }
}
