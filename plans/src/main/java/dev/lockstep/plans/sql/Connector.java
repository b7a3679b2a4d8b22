package dev.lockstep.plans.sql;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Properties;
import org.postgresql.PGConnection;

/// Opens connections to one database, and has each of them watched, as a network may swallow what
/// it was given and never say so.
final class Connector implements AutoCloseable {
    private static final int SERVED_MAX_MS = 10_000;
    private static final String NO_DATABASE = "3D000";
    private static final Map<String, String> PROBE =
            Map.of("connectTimeout", "5", "loginTimeout", "8", "socketTimeout", "10");

    /// A setting that older servers do not know cannot be among the options of a connection that
    /// does not know the server yet.
    static final String NO_TRANSACTION_TIMEOUT =
            """
            SELECT set_config('transaction_timeout', '0', false)
             WHERE current_setting('transaction_timeout', true) IS NOT NULL\
            """;

    private final Endpoint endpoint;
    private final String label;
    private final String applicationName;
    private final StallWatch stalls;

    Connector(Endpoint endpoint, String applicationName, StallWatch.Patience patience) {
        this.endpoint = endpoint;
        this.label = endpoint.label();
        this.applicationName = applicationName;
        this.stalls = new StallWatch(label, this::probe, patience);
    }

    /// Opens one. `purpose` shows in `pg_stat_activity`.
    ///
    /// @param extra what the driver needs besides
    Connection open(String purpose, Map<String, String> extra) {
        return open(purpose, extra, true);
    }

    private Session probe() {
        return new Session(open("watch", PROBE, false), label);
    }

    private Connection open(String purpose, Map<String, String> extra, boolean watched) {
        Properties properties = endpoint.properties(applicationName + " " + purpose);
        properties.putAll(extra);
        try {
            Connection connection =
                    watched
                            ? open(properties)
                            : DriverManager.getConnection(endpoint.url(), properties);
            new Session(connection, label).run(NO_TRANSACTION_TIMEOUT);
            return connection;
        } catch (SQLException e) {
            throw unreachable(e);
        }
    }

    /// As above, with the driver's own failure. Sockets that the URL has made in a way of its own
    /// are left alone.
    Connection open(Properties properties) throws SQLException {
        if (endpoint.urlParameters().containsKey("socketFactory")) {
            return DriverManager.getConnection(endpoint.url(), properties);
        }
        WatchedSockets.Line line = WatchedSockets.open();
        properties.setProperty("socketFactory", WatchedSockets.class.getName());
        properties.setProperty("socketFactoryArg", line.name());
        boolean open = false;
        try {
            Connection connection = DriverManager.getConnection(endpoint.url(), properties);
            watch(line, connection);
            open = true;
            return connection;
        } finally {
            if (!open) {
                line.cut();
            }
        }
    }

    /// A pooler between here and the server gives numbers of its own, by which nobody can be found.
    private void watch(WatchedSockets.Line line, Connection connection) throws SQLException {
        // Nobody watches it before the answer is there.
        connection.setNetworkTimeout(Runnable::run, SERVED_MAX_MS);
        try (Statement statement = connection.createStatement();
                ResultSet served = statement.executeQuery(StallWatch.SERVED)) {
            served.next();
            if (served.getInt(1) == connection.unwrap(PGConnection.class).getBackendPID()) {
                line.servedBy(served.getInt(1), served.getString(2));
                stalls.add(line);
            } else {
                line.forget();
            }
        }
        connection.setNetworkTimeout(Runnable::run, 0);
    }

    /// What a failure to connect is, in words that help.
    LockstepException unreachable(SQLException e) {
        if (Thread.currentThread().isInterrupted()) {
            return new LockstepException(
                    Fault.INTERRUPTED,
                    "interrupted while connecting to database \"%s\"".formatted(label),
                    e);
        }
        String state = e.getSQLState() == null ? "" : e.getSQLState();
        if (state.startsWith("28") || state.equals(SqlStates.REJECTED)) {
            return SqlStates.fault(
                    "database \"%s\" refused user \"%s\"; check user, password and pg_hba.conf"
                            .formatted(label, endpoint.user()),
                    e);
        }
        if (state.equals(NO_DATABASE)) {
            return new LockstepException(
                    Fault.PRECONDITION,
                    "database \"%s\" does not exist; create it, or mend the plan's url"
                            .formatted(label),
                    e);
        }
        if (SqlStates.isConnectionLoss(e)) {
            return SqlStates.fault(
                    "cannot connect to database \"%s\" as \"%s\"; check that the server runs, that"
                                    .formatted(label, endpoint.user())
                            + " host and port are right and that no firewall is in the way",
                    e);
        }
        return SqlStates.fault(
                "cannot connect to database \"%s\" as \"%s\"".formatted(label, endpoint.user()), e);
    }

    /// Closes a connection, whatever its state.
    static void end(Connection connection) {
        try {
            connection.close();
        } catch (SQLException _) {
            try {
                connection.abort(Runnable::run);
            } catch (SQLException e) {
                throw SqlStates.fault("abort", e);
            }
        }
    }

    @Override
    public void close() {
        stalls.close();
    }
}
