package dev.lockstep.plans.sql;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.sql.DataSource;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;

/// One database: short transactions over a small pool, and sessions of their own for longer work.
public final class Db implements AutoCloseable {
    private static final int ATTEMPTS_MAX = 5;
    private static final int POOL_MAX = 4;
    private static final int SERVED_MAX_MS = 10_000;
    private static final String NO_DATABASE = "3D000";
    private static final Map<String, String> PROBE =
            Map.of("connectTimeout", "5", "loginTimeout", "8", "socketTimeout", "10");

    /// A setting that older servers do not know cannot be among the options of a connection that
    /// does not know the server yet.
    private static final String NO_TRANSACTION_TIMEOUT =
            """
            SELECT set_config('transaction_timeout', '0', false)
             WHERE current_setting('transaction_timeout', true) IS NOT NULL\
            """;

    private final Endpoint endpoint;
    private final String applicationName;
    private final HikariDataSource pool;
    private final StallWatch stalls;
    private volatile boolean reached;
    private final Retry retry =
            Retry.of(
                    "transaction",
                    RetryConfig.custom()
                            .maxAttempts(ATTEMPTS_MAX)
                            .intervalFunction(
                                    IntervalFunction.ofExponentialRandomBackoff(
                                            Duration.ofMillis(50), 2.0, 0.5))
                            .retryOnException(SqlStates::isTransient)
                            .build());

    private Db(Endpoint endpoint, String applicationName, StallWatch.Patience patience) {
        this.endpoint = endpoint;
        this.applicationName = applicationName;
        this.stalls =
                new StallWatch(endpoint.label(), () -> connect("watch", PROBE, false), patience);
        HikariConfig config = new HikariConfig();
        config.setPoolName(applicationName + "@" + endpoint.label());
        config.setDataSource(new Watched());
        config.setConnectionInitSql(NO_TRANSACTION_TIMEOUT);
        config.setMaximumPoolSize(POOL_MAX);
        config.setMinimumIdle(0);
        config.setIdleTimeout(Duration.ofSeconds(30).toMillis());
        config.setInitializationFailTimeout(-1);
        config.setConnectionTimeout(Duration.ofSeconds(10).toMillis());
        this.pool = new HikariDataSource(config);
    }

    /// A handle on the database; nothing is connected yet.
    public static Db of(Endpoint endpoint, String applicationName) {
        return new Db(endpoint, applicationName, StallWatch.Patience.USUAL);
    }

    /// As the other, for tests that have less patience with a network.
    static Db of(Endpoint endpoint, String applicationName, StallWatch.Patience patience) {
        return new Db(endpoint, applicationName, patience);
    }

    public Endpoint endpoint() {
        return endpoint;
    }

    /// `host:port/database`.
    public String label() {
        return endpoint.label();
    }

    /// The pool itself, for libraries that want one.
    public DataSource dataSource() {
        return pool;
    }

    /// Opens a connection that is the caller's to close. `purpose` shows in `pg_stat_activity`.
    public Session session(String purpose) {
        return connect(purpose, Map.of(), true);
    }

    /// Opens a connection that speaks the replication protocol.
    public Session replicationSession(String purpose) {
        return connect(
                purpose, Map.of("replication", "database", "preferQueryMode", "simple"), true);
    }

    private Session connect(String purpose, Map<String, String> extra, boolean watched) {
        Properties properties = endpoint.properties(applicationName + " " + purpose);
        properties.putAll(extra);
        try {
            Connection connection =
                    watched
                            ? watched(properties)
                            : DriverManager.getConnection(endpoint.url(), properties);
            Session session = new Session(connection, label());
            session.run(NO_TRANSACTION_TIMEOUT);
            return session;
        } catch (SQLException e) {
            throw unreachable(e);
        }
    }

    /// Sockets that the URL has made in a way of its own are left alone.
    private Connection watched(Properties properties) throws SQLException {
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

    /// What the pool takes its connections from.
    private final class Watched extends PGSimpleDataSource {
        private static final long serialVersionUID = 1;

        @Override
        public Connection getConnection() throws SQLException {
            return watched(endpoint.properties(applicationName));
        }
    }

    private LockstepException unreachable(SQLException e) {
        if (Thread.currentThread().isInterrupted()) {
            return new LockstepException(
                    Fault.INTERRUPTED,
                    "interrupted while connecting to database \"%s\"".formatted(label()),
                    e);
        }
        String state = e.getSQLState() == null ? "" : e.getSQLState();
        if (state.startsWith("28") || state.equals(SqlStates.REJECTED)) {
            return SqlStates.fault(
                    "database \"%s\" refused user \"%s\"; check user, password and pg_hba.conf"
                            .formatted(label(), endpoint.user()),
                    e);
        }
        if (state.equals(NO_DATABASE)) {
            return new LockstepException(
                    Fault.PRECONDITION,
                    "database \"%s\" does not exist; create it, or mend the plan's url"
                            .formatted(label()),
                    e);
        }
        if (SqlStates.isConnectionLoss(e)) {
            return SqlStates.fault(
                    "cannot connect to database \"%s\" as \"%s\"; check that the server runs, that"
                                    .formatted(label(), endpoint.user())
                            + " host and port are right and that no firewall is in the way",
                    e);
        }
        return SqlStates.fault(
                "cannot connect to database \"%s\" as \"%s\"".formatted(label(), endpoint.user()),
                e);
    }

    /// Runs `work` in one transaction and commits it. A transient failure before the commit runs it
    /// again from the start, a bounded number of times; `work` must bear that.
    public <T> T call(Function<Session, T> work) {
        return retry.executeSupplier(() -> attempt(work));
    }

    /// As [#call], for work without a result.
    public void tx(Consumer<Session> work) {
        call(session -> {
            work.accept(session);
            return true;
        });
    }

    private <T> T attempt(Function<Session, T> work) {
        try (Session session = borrow()) {
            session.begin();
            T result = work.apply(session);
            commit(session);
            return result;
        }
    }

    /// A connection that breaks in a commit leaves open whether it happened; doing the work again
    /// could do it twice.
    private void commit(Session session) {
        try {
            session.commit();
        } catch (LockstepException e) {
            if (!SqlStates.isConnectionLoss(e)) {
                throw e;
            }
            throw notAgain(
                    new LockstepException(
                            e.fault(), e.text() + "; whether it was committed is not known", e));
        }
    }

    /// Without its cause a failure does not count as transient.
    private static LockstepException notAgain(LockstepException e) {
        LockstepException last = new LockstepException(e.fault(), e.text());
        last.addSuppressed(e);
        return last;
    }

    /// The pool goes on trying for its whole timeout. A database that was never reached gets one
    /// attempt, whose failure says what is wrong.
    private void reach() {
        if (!reached) {
            session("first contact").close();
            reached = true;
        }
    }

    private Session borrow() {
        reach();
        try {
            return new Session(pool.getConnection(), label());
        } catch (SQLException e) {
            reached = false;
            throw notAgain(
                    e.getCause() instanceof SQLException cause ? unreachable(cause) : tooLate(e));
        }
    }

    private LockstepException tooLate(SQLException e) {
        return new LockstepException(
                Fault.UNREACHABLE,
                String.format(
                        Locale.ROOT,
                        "no connection to database \"%s\" within %d s",
                        label(),
                        pool.getConnectionTimeout() / 1000),
                e);
    }

    @Override
    public void close() {
        pool.close();
        stalls.close();
    }

    @Override
    public String toString() {
        return endpoint.toString();
    }
}
