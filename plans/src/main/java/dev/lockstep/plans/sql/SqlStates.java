package dev.lockstep.plans.sql;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/// What PostgreSQL's SQLSTATEs mean to a run.
public final class SqlStates {
    public static final String NOT_SUPPORTED = "0A000";
    public static final String UNIQUE_VIOLATION = "23505";
    public static final String EXCLUSION_VIOLATION = "23P01";
    public static final String LOCK_NOT_AVAILABLE = "55P03";
    public static final String READ_ONLY = "25006";
    public static final String CANCELLED = "57014";

    /// The driver's: it and the server could not agree on how to log in.
    public static final String REJECTED = "08004";

    static final String UNDEFINED_TABLE = "42P01";

    /// Too many connections, of the server, a database or a role.
    static final String TOO_MANY = "53300";

    /// What a pooler says where it has no connection to give, too.
    private static final String PROTOCOL_VIOLATION = "08P01";

    private static final Set<String> HEARD = Set.of(REJECTED, PROTOCOL_VIOLATION);
    private static final Set<String> BROKEN = Set.of("57P01", "57P02", "57P03", "57P05", TOO_MANY);
    private static final Set<String> RETRIABLE =
            Set.of("40001", "40P01", "53100", "53200", "58030");

    /// Classes of errors whose messages may quote values: of data, and of functions.
    private static final Set<String> VALUED = Set.of("22", "P0");

    private SqlStates() {}

    /// The SQLSTATE of the first `SQLException` in the chain of causes.
    public static Optional<String> of(@Nullable Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof SQLException e && e.getSQLState() != null) {
                return Optional.of(e.getSQLState());
            }
        }
        return Optional.empty();
    }

    /// Whether the connection is gone, so that the outcome of the last statement is not known.
    public static boolean isConnectionLoss(@Nullable Throwable failure) {
        return isUnanswered(failure)
                || of(failure)
                        .map(s -> BROKEN.contains(s) || s.equals(PROTOCOL_VIOLATION))
                        .orElse(false);
    }

    /// Whether the server was not heard at all; one that refuses a connection was.
    static boolean isUnanswered(@Nullable Throwable failure) {
        return of(failure).map(s -> s.startsWith("08") && !HEARD.contains(s)).orElse(false);
    }

    /// Whether the same transaction may succeed when it is run again from its start.
    public static boolean isTransient(@Nullable Throwable failure) {
        return isConnectionLoss(failure) || of(failure).map(RETRIABLE::contains).orElse(false);
    }

    /// Turns a driver's error into a fault; `doing` says what was being done, on what.
    public static LockstepException fault(String doing, SQLException e) {
        return new LockstepException(faultOf(e), doing + ": " + describe(e), e);
    }

    /// The same fault without what rows hold, for statements that name rows: neither the statement
    /// nor the server's details are told, and of the server's message only what is about the
    /// schema.
    ///
    /// @param doing what was being done, on what
    public static LockstepException withoutValues(String doing, LockstepException failure) {
        Optional<String> state = of(failure);
        if (state.isEmpty()) {
            return failure;
        }
        String told =
                VALUED.stream().anyMatch(state.get()::startsWith)
                        ? ""
                        : server(failure).map(message -> ": " + message).orElse("");
        SQLException cause = new SQLException("not shown, it may hold values", state.get());
        return new LockstepException(
                failure.fault(), "%s%s [%s]".formatted(doing, told, state.get()), cause);
    }

    private static Optional<String> server(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof PSQLException e && e.getServerErrorMessage() != null) {
                return Optional.ofNullable(e.getServerErrorMessage().getMessage());
            }
        }
        return Optional.empty();
    }

    private static Fault faultOf(SQLException e) {
        String state = e.getSQLState() == null ? "" : e.getSQLState();
        if (isConnectionLoss(e)) {
            return Fault.UNREACHABLE;
        }
        return switch (state) {
            case "28P01", "28000", REJECTED -> Fault.LOGIN_REFUSED;
            case "42501" -> Fault.PRIVILEGE_MISSING;
            case LOCK_NOT_AVAILABLE, "40P01" -> Fault.LOCK_TIMEOUT;
            case "53000", "53100", "53200", "53400", "58030" -> Fault.NO_ROOM;
            default -> Fault.STATEMENT_FAILED;
        };
    }

    private static String describe(SQLException e) {
        StringBuilder text = new StringBuilder();
        ServerErrorMessage server = e instanceof PSQLException p ? p.getServerErrorMessage() : null;
        if (server == null) {
            text.append(e.getMessage());
            Throwable cause = e.getCause();
            if (cause != null && cause.getMessage() != null) {
                text.append(" (").append(cause.getMessage()).append(')');
            }
            return text.toString();
        }
        text.append(server.getMessage()).append(" [").append(e.getSQLState()).append(']');
        append(text, "; detail: ", server.getDetail());
        append(text, "; hint: ", server.getHint());
        append(text, "; where: ", server.getWhere());
        return text.toString();
    }

    private static void append(StringBuilder text, String label, @Nullable String part) {
        if (part != null) {
            text.append(label).append(part.length() > 400 ? part.substring(0, 400) + "..." : part);
        }
    }
}
