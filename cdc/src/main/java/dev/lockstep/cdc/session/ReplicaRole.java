package dev.lockstep.cdc.session;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;

/// The role in which a session's writes fire no triggers and check no foreign keys: what those did
/// on the active database comes through the stream, and chunks come in no order that they could
/// keep.
public final class ReplicaRole {
    private ReplicaRole() {}

    /// Switches `session` to it for good. It waits for no lock for long from then on.
    public static void enter(Session session) {
        try {
            session.run("SET session_replication_role = replica");
        } catch (LockstepException e) {
            if (e.fault() != Fault.PRIVILEGE_MISSING) {
                throw e;
            }
            String user = session.one("SELECT current_user");
            throw new LockstepException(
                    Fault.PRIVILEGE_MISSING,
                    ("user \"%s\" may not set session_replication_role on \"%s\", which keeps "
                                    + "triggers from firing for copied rows; as a superuser: GRANT "
                                    + "SET ON PARAMETER session_replication_role TO \"%s\" (from "
                                    + "PostgreSQL 15), or use a superuser")
                            .formatted(user, session.label(), user),
                    e);
        }
        session.run("SET synchronous_commit = on");
        session.run("SET " + OwnTables.OWN_WRITER + " = 'yes'");
        session.limitLockWaits();
    }
}
