package dev.lockstep.plans.sql;

/// One state of a database that several sessions can look at, under the name that
/// `pg_export_snapshot` or a new replication slot gave it.
public record Snapshot(Db db, String name) {
    /// Opens a session that sees this state, and nothing later, until its transaction ends. The
    /// snapshot must still be held by the session that exported it.
    public Session open(String purpose) {
        Session session = db.brief(purpose);
        try {
            session.limitLockWaits();
            session.beginSnapshot(false);
            session.run("SET TRANSACTION SNAPSHOT " + Ident.literal(name));
            return session;
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }
}
