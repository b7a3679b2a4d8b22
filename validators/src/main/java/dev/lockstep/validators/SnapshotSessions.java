package dev.lockstep.validators;

import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.Snapshot;
import java.util.ArrayList;
import java.util.List;

/// The sessions of a comparison, all of which stand in its snapshots already: once they are open,
/// whoever exported the snapshots may let go of them.
public final class SnapshotSessions implements AutoCloseable {
    /// Whole results are read.
    private static final String SETTINGS = "SET cursor_tuple_fraction = 1";

    private final List<TablePair> tables;
    private final List<SessionPair> pairs;

    private SnapshotSessions(List<TablePair> tables, List<SessionPair> pairs) {
        this.tables = tables;
        this.pairs = pairs;
    }

    /// Opens a session per worker and side. The snapshots must be held until this returns.
    public static SnapshotSessions open(Comparison comparison) {
        List<SessionPair> pairs = new ArrayList<>();
        SnapshotSessions sessions = new SnapshotSessions(comparison.tables(), pairs);
        try {
            for (int worker = 0; worker < comparison.workers(); worker++) {
                pairs.add(pair(comparison));
            }
            return sessions;
        } catch (RuntimeException e) {
            sessions.close();
            throw e;
        }
    }

    private static SessionPair pair(Comparison comparison) {
        Session active = open(comparison.active());
        try {
            return new SessionPair(active, open(comparison.standby()));
        } catch (RuntimeException e) {
            active.close();
            throw e;
        }
    }

    private static Session open(Snapshot snapshot) {
        Session session = snapshot.open("verify");
        try {
            session.run(SETTINGS);
            return session;
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    /// What is to be compared.
    public Sides sides() {
        return new Sides(tables, pairs);
    }

    @Override
    public void close() {
        for (SessionPair pair : pairs) {
            pair.active().close();
            pair.standby().close();
        }
    }
}
