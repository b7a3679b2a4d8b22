package dev.lockstep.validators;

import dev.lockstep.plans.sql.Session;

/// One worker's sessions, each inside of its side's snapshot.
public record SessionPair(Session active, Session standby) {
    private static final String MARK = "SAVEPOINT lockstep_read";
    private static final String BACK =
            "ROLLBACK TO SAVEPOINT lockstep_read; RELEASE SAVEPOINT lockstep_read";

    /// Reads on both sides, and lets go of the tables that were read, which would be locked until
    /// the end of the snapshot otherwise: whoever wants to truncate or alter one of them waits no
    /// longer than for this.
    public void read(Runnable work) {
        active.run(MARK);
        standby.run(MARK);
        work.run();
        active.run(BACK);
        standby.run(BACK);
    }
}
