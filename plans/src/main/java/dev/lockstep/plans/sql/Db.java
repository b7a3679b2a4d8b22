package dev.lockstep.plans.sql;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/// One database: short transactions over a small pool, and sessions of their own for longer work.
public final class Db implements AutoCloseable {
    private static final int ATTEMPTS_MAX = 5;
    private static final int POOL_MAX = 4;

    /// What tells a session from others of ours, and what else is not among a connection's options.
    private static final String AS =
            "SET application_name = '%s'; " + Connector.NO_TRANSACTION_TIMEOUT;

    private final Endpoint endpoint;
    private final String label;
    private final String applicationName;
    private final HikariDataSource pool;
    private final Connector connector;
    private final Spares spares = new Spares();
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
        this.label = endpoint.label();
        this.applicationName = applicationName;
        this.connector = new Connector(endpoint, applicationName, patience);
        HikariConfig config = new HikariConfig();
        config.setPoolName(applicationName + "@" + label);
        config.setDataSource(new Watched());
        config.setConnectionInitSql(AS.formatted(applicationName));
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
        return label;
    }

    /// The pool itself, for libraries that want one.
    public DataSource dataSource() {
        return pool;
    }

    /// Opens a connection that is the caller's to close. `purpose` shows in `pg_stat_activity`.
    public Session session(String purpose) {
        return open(purpose, Map.of());
    }

    /// As [#session], for little work: the connection may have served a session before, and is left
    /// to the next one.
    public Session brief(String purpose) {
        for (Optional<Connection> spare = spares.take(); ; spare = spares.take()) {
            boolean isNew = spare.isEmpty();
            Session session =
                    new Session(spare.orElseGet(this::makeSpare), label, this::leaveSpare);
            try {
                session.run(AS.formatted(applicationName + " " + purpose));
                return session;
            } catch (LockstepException e) {
                session.abort();
                if (isNew || !SqlStates.isConnectionLoss(e)) {
                    throw e;
                }
            }
        }
    }

    /// Nothing of a session must reach the next one.
    private void leaveSpare(Connection connection) {
        try (Statement statement = connection.createStatement()) {
            statement.execute("DISCARD ALL");
        } catch (SQLException _) {
            Connector.end(connection);
            return;
        }
        spares.leave(connection);
    }

    private Connection makeSpare() {
        try {
            return connector.open(endpoint.properties(applicationName + " idle"));
        } catch (SQLException e) {
            throw connector.unreachable(e);
        }
    }

    /// Where no more connections are to be had, those that nobody uses make room.
    private Session open(String purpose, Map<String, String> extra) {
        try {
            return new Session(connector.open(purpose, extra), label);
        } catch (LockstepException e) {
            if (!SqlStates.of(e).orElse("").equals(SqlStates.TOO_MANY) || !spares.giveUp()) {
                throw e;
            }
            return new Session(connector.open(purpose, extra), label);
        }
    }

    /// Opens a connection that speaks the replication protocol.
    public Session replicationSession(String purpose) {
        Map<String, String> extra = Map.of("replication", "database", "preferQueryMode", "simple");
        return open(purpose, extra);
    }

    /// What the pool takes its connections from.
    private final class Watched extends PGSimpleDataSource {
        private static final long serialVersionUID = 1;

        @Override
        public Connection getConnection() throws SQLException {
            Optional<Connection> spare = spares.take();
            return spare.isPresent()
                    ? spare.get()
                    : connector.open(endpoint.properties(applicationName));
        }
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
    /// attempt, whose failure says what is wrong; what came of it is the pool's first connection.
    private void reach() {
        if (!reached) {
            spares.leave(makeSpare());
            reached = true;
        }
    }

    private Session borrow() {
        reach();
        try {
            return new Session(pool.getConnection(), label);
        } catch (SQLException e) {
            reached = false;
            throw notAgain(
                    e.getCause() instanceof SQLException cause
                            ? connector.unreachable(cause)
                            : tooLate(e));
        }
    }

    private LockstepException tooLate(SQLException e) {
        return new LockstepException(
                Fault.UNREACHABLE,
                String.format(
                        Locale.ROOT,
                        "no connection to database \"%s\" within %d s",
                        label,
                        pool.getConnectionTimeout() / 1000),
                e);
    }

    @Override
    public void close() {
        pool.close();
        spares.close();
        connector.close();
    }

    @Override
    public String toString() {
        return endpoint.toString();
    }
}
