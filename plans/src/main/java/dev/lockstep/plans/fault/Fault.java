package dev.lockstep.plans.fault;

/// Every way in which Lockstep stops, with whose it is and whether trying again can help.
public enum Fault {
    /// The plan or the command line cannot be understood.
    PLAN_INVALID(Blame.OPERATOR, Retry.NEVER),
    /// A database, Kafka or a tool is not as the run needs it; nothing was changed.
    PRECONDITION(Blame.OPERATOR, Retry.NEVER),
    /// The plan's name is taken by another run, or the run is being brought forward elsewhere.
    NAME_IN_USE(Blame.OPERATOR, Retry.NEVER),
    /// The command does not fit the state that the run is in.
    WRONG_STATE(Blame.OPERATOR, Retry.NEVER),
    /// Another process has taken the run over; this one must not write any more.
    LEASE_LOST(Blame.OPERATOR, Retry.NEVER),
    /// Somebody asked the process to stop.
    INTERRUPTED(Blame.OPERATOR, Retry.NEVER),
    /// A server cannot be reached, or the connection to it broke.
    UNREACHABLE(Blame.DATABASE, Retry.BOUNDED),
    /// User or password was not accepted.
    LOGIN_REFUSED(Blame.OPERATOR, Retry.NEVER),
    /// The user may not do what the run has to do.
    PRIVILEGE_MISSING(Blame.OPERATOR, Retry.NEVER),
    /// A lock was not to be had in time.
    LOCK_TIMEOUT(Blame.DATABASE, Retry.BOUNDED),
    /// A server has no disk, memory or other room left for what is to be done.
    NO_ROOM(Blame.DATABASE, Retry.BOUNDED),
    /// The database refused a statement.
    STATEMENT_FAILED(Blame.DATABASE, Retry.NEVER),
    /// A table is not any more what the stream was opened for; opened again, it may carry on.
    SCHEMA_CHANGED(Blame.OPERATOR, Retry.BOUNDED),
    /// A change cannot be carried to the standby as it is.
    CHANGE_REFUSED(Blame.DATABASE, Retry.NEVER),
    /// Changes between the log and the standby are gone; only a fresh copy helps.
    POSITION_LOST(Blame.DATABASE, Retry.NEVER),
    /// The source keeps more WAL for this run than the plan allows.
    WAL_BUDGET(Blame.DATABASE, Retry.NEVER),
    /// The change log (Kafka) does not take or give records.
    LOG_FAILED(Blame.LOG, Retry.BOUNDED),
    /// The two databases differ.
    DIFFERENT(Blame.DATABASE, Retry.NEVER),
    /// A switch did not happen; the active database is the one that it was.
    SWITCH_FAILED(Blame.DATABASE, Retry.NEVER),
    /// Which database accepts writes cannot be known; a person decides.
    OWNERSHIP_UNKNOWN(Blame.DATABASE, Retry.NEVER),
    /// A file or folder of this machine cannot be used.
    FILE_FAILED(Blame.OPERATOR, Retry.NEVER),
    /// The process has less memory than what it carries takes.
    MEMORY_SHORT(Blame.OPERATOR, Retry.NEVER),
    /// Something that Lockstep takes for impossible.
    INTERNAL(Blame.LOCKSTEP, Retry.NEVER);

    /// Whose move it is.
    public enum Blame {
        OPERATOR,
        DATABASE,
        LOG,
        LOCKSTEP
    }

    /// Whether the same attempt may succeed later with nothing else changed.
    public enum Retry {
        NEVER,
        BOUNDED
    }

    private final Blame blame;
    private final Retry retry;

    Fault(Blame blame, Retry retry) {
        this.blame = blame;
        this.retry = retry;
    }

    public Blame blame() {
        return blame;
    }

    public Retry retry() {
        return retry;
    }
}
