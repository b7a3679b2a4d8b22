package dev.lockstep.plans.fault;

/// Every way in which Lockstep stops, with whether trying again can help.
public enum Fault {
    /// The plan or the command line cannot be understood.
    PLAN_INVALID(Retry.NEVER),
    /// A database, Kafka or a tool is not as the run needs it; nothing was changed.
    PRECONDITION(Retry.NEVER),
    /// The plan's name is taken by another run, or the run is being brought forward elsewhere.
    NAME_IN_USE(Retry.NEVER),
    /// The command does not fit the state that the run is in.
    WRONG_STATE(Retry.NEVER),
    /// Another process has taken the run over; this one must not write any more.
    LEASE_LOST(Retry.NEVER),
    /// Somebody asked the process to stop.
    INTERRUPTED(Retry.NEVER),
    /// A server cannot be reached, or the connection to it broke.
    UNREACHABLE(Retry.BOUNDED),
    /// User or password was not accepted.
    LOGIN_REFUSED(Retry.NEVER),
    /// The user may not do what the run has to do.
    PRIVILEGE_MISSING(Retry.NEVER),
    /// A lock was not to be had in time.
    LOCK_TIMEOUT(Retry.BOUNDED),
    /// A server has no disk, memory or other room left for what is to be done.
    NO_ROOM(Retry.BOUNDED),
    /// The database refused a statement.
    STATEMENT_FAILED(Retry.NEVER),
    /// A table is not any more what the stream was opened for; opened again, it may carry on.
    SCHEMA_CHANGED(Retry.BOUNDED),
    /// A change cannot be carried to the standby as it is.
    CHANGE_REFUSED(Retry.NEVER),
    /// Changes between the log and the standby are gone; only a fresh copy helps.
    POSITION_LOST(Retry.NEVER),
    /// The source keeps more WAL for this run than the plan allows.
    WAL_BUDGET(Retry.NEVER),
    /// The change log (Kafka) does not take or give records.
    LOG_FAILED(Retry.BOUNDED),
    /// The two databases differ.
    DIFFERENT(Retry.NEVER),
    /// A switch did not happen; the active database is the one that it was.
    SWITCH_FAILED(Retry.NEVER),
    /// Clients could not be moved or let go; which database is active is known.
    GATE_FAILED(Retry.BOUNDED),
    /// Which database accepts writes cannot be known; a person decides.
    OWNERSHIP_UNKNOWN(Retry.NEVER),
    /// A file or folder of this machine cannot be used.
    FILE_FAILED(Retry.NEVER),
    /// The process has less memory than what it carries takes.
    MEMORY_SHORT(Retry.NEVER),
    /// Something that Lockstep takes for impossible.
    INTERNAL(Retry.NEVER);

    /// Whether the same attempt may succeed later with nothing else changed.
    public enum Retry {
        NEVER,
        BOUNDED
    }

    private final Retry retry;

    Fault(Retry retry) {
        this.retry = retry;
    }

    public Retry retry() {
        return retry;
    }
}
