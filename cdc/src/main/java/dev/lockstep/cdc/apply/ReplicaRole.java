package dev.lockstep.cdc.apply;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.SqlStates;

/// The role in which a session's writes fire no triggers and check no foreign keys: what those did
/// on the active database comes through the stream.
public final class ReplicaRole {
    private ReplicaRole() {}

    /// Switches `session` to it for good.
    public static void enter(Session session) {
        try {
            session.run("SET session_replication_role = replica");
        } catch (LockstepException e) {
            if (SqlStates.of(e).orElse("").equals("42501")) {
                throw new LockstepException(
                        Fault.PRIVILEGE_MISSING,
                        ("database \"%s\": the user may not set session_replication_role, so "
                                        + "triggers would fire twice; GRANT SET ON PARAMETER "
                                        + "session_replication_role "
                                        + "to it (PostgreSQL 15 and later) or use a superuser")
                                .formatted(session.label()),
                        e);
            }
            throw e;
        }
        session.run("SET synchronous_commit = on");
    }
}
