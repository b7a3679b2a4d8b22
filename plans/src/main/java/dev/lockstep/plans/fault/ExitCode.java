package dev.lockstep.plans.fault;

/// What a process that met a fault exits with.
public final class ExitCode {
    public static final int DONE = 0;
    public static final int FAILED = 1;
    public static final int INVALID = 2;
    public static final int DIFFERENT = 3;
    public static final int REFUSED = 4;
    public static final int INTERRUPTED = 130;

    private ExitCode() {}

    /// The code of a fault that a run met on its way.
    public static int of(Fault fault) {
        return switch (fault) {
            case PLAN_INVALID -> INVALID;
            case DIFFERENT -> DIFFERENT;
            case PRECONDITION, NAME_IN_USE, WRONG_STATE, LOGIN_REFUSED, PRIVILEGE_MISSING ->
                    REFUSED;
            case INTERRUPTED -> INTERRUPTED;
            case LEASE_LOST,
                    UNREACHABLE,
                    LOCK_TIMEOUT,
                    NO_ROOM,
                    STATEMENT_FAILED,
                    SCHEMA_CHANGED,
                    CHANGE_REFUSED,
                    POSITION_LOST,
                    WAL_BUDGET,
                    LOG_FAILED,
                    SWITCH_FAILED,
                    GATE_FAILED,
                    OWNERSHIP_UNKNOWN,
                    FILE_FAILED,
                    MEMORY_SHORT,
                    INTERNAL ->
                    FAILED;
        };
    }

    /// The code of a fault met before anything was begun: what cannot be reached is a precondition.
    public static int atStart(Fault fault) {
        return fault == Fault.UNREACHABLE || fault == Fault.LOG_FAILED ? REFUSED : of(fault);
    }
}
