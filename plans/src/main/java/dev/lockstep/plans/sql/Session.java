package dev.lockstep.plans.sql;

import dev.lockstep.plans.fault.Check;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/// One connection. Outside of [#begin] every statement is its own transaction.
///
/// Parameters are sent as text of unknown type, so the server reads them as whatever the statement
/// needs; a number, a boolean or a `String[]` goes as itself.
public final class Session implements AutoCloseable {
    private static final Consumer<Connection> END = Connector::end;

    private final Connection connection;
    private final String label;
    private final Consumer<Connection> leave;
    private final AtomicBoolean open = new AtomicBoolean(true);
    private volatile boolean own;

    Session(Connection connection, String label) {
        this(connection, label, END);
    }

    /// @param leave gets the connection when the session is closed
    Session(Connection connection, String label, Consumer<Connection> leave) {
        this.connection = connection;
        this.label = label;
        this.leave = leave;
    }

    /// Reads a value out of a row.
    @FunctionalInterface
    public interface Reader<T> {
        T read(Row row) throws SQLException;
    }

    /// Work on the driver's own connection.
    @FunctionalInterface
    public interface Raw<T> {
        T on(PGConnection connection) throws SQLException, java.io.IOException;
    }

    /// Runs a statement, or several separated by semicolons if there are no parameters.
    public void run(String sql, @Nullable Object... parameters) {
        if (parameters.length > 0) {
            update(sql, parameters);
            return;
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw fault(sql, e);
        }
    }

    /// Has statements fail that wait for a lock for more than a minute: whoever waits on and on is
    /// not seen to wait.
    public void limitLockWaits() {
        run("SET lock_timeout = '60s'");
    }

    /// Runs a statement and returns how many rows it touched.
    public long update(String sql, @Nullable Object... parameters) {
        try (PreparedStatement statement = prepared(sql, parameters)) {
            return statement.execute() ? 0 : statement.getLargeUpdateCount();
        } catch (SQLException e) {
            throw fault(sql, e);
        }
    }

    public <T> List<T> rows(String sql, Reader<T> reader, @Nullable Object... parameters) {
        List<T> found = new ArrayList<>();
        try (PreparedStatement statement = prepared(sql, parameters);
                ResultSet results = statement.executeQuery()) {
            Row row = new Row(results);
            while (results.next()) {
                found.add(reader.read(row));
            }
            return found;
        } catch (SQLException e) {
            throw fault(sql, e);
        }
    }

    /// The only row, or nothing; two rows are a programming error.
    public <T> Optional<T> row(String sql, Reader<T> reader, @Nullable Object... parameters) {
        List<T> found = rows(sql, reader, parameters);
        Check.that(found.size() <= 1, "%d rows from: %s", found.size(), sql);
        return found.isEmpty() ? Optional.empty() : Optional.of(found.getFirst());
    }

    /// The first column of the only row, as text.
    public String one(String sql, @Nullable Object... parameters) {
        List<Optional<String>> found = rows(sql, row -> row.textAt(1), parameters);
        Check.that(found.size() == 1, "%d rows from: %s", found.size(), sql);
        return found.getFirst().orElseThrow(() -> new AssertionError("NULL from: " + sql));
    }

    public long number(String sql, @Nullable Object... parameters) {
        return Long.parseLong(one(sql, parameters));
    }

    public boolean flag(String sql, @Nullable Object... parameters) {
        return one(sql, parameters).equals("t");
    }

    /// Starts a transaction in which every statement sees what was committed before it, as the
    /// pinned settings have it. The server hears of it with the first statement.
    public void begin() {
        try {
            Check.that(connection.getAutoCommit(), "a transaction is open already");
            connection.setAutoCommit(false);
        } catch (SQLException e) {
            throw fault("BEGIN", e);
        }
    }

    /// Starts a transaction that sees one state of the database, read-only where `writes` is false.
    public void beginSnapshot(boolean writes) {
        begin();
        run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ" + (writes ? "" : ", READ ONLY"));
    }

    public void commit() {
        try {
            connection.commit();
            connection.setAutoCommit(true);
        } catch (SQLException e) {
            throw fault("COMMIT", e);
        }
    }

    /// Ends a transaction without effect; harmless where there is none or the connection is gone.
    public void rollback() {
        try {
            if (!connection.isClosed() && !connection.getAutoCommit()) {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        } catch (SQLException e) {
            cut();
        }
    }

    /// The driver's connection, for COPY and replication. No other session gets it after that: a
    /// COPY that was left in its middle would keep that one waiting for ever.
    public <T> T raw(String doing, Raw<T> work) {
        own = true;
        return driver(doing, work);
    }

    private <T> T driver(String doing, Raw<T> work) {
        try {
            return work.on(connection.unwrap(PGConnection.class));
        } catch (SQLException e) {
            throw fault(doing, e);
        } catch (java.io.IOException e) {
            throw new LockstepException(
                    Fault.UNREACHABLE, doing + " on " + label + ": " + e.getMessage(), e);
        }
    }

    /// A prepared statement for a caller that runs it many times and closes it.
    public PreparedStatement prepare(String sql) {
        try {
            return connection.prepareStatement(sql);
        } catch (SQLException e) {
            throw fault(sql, e);
        }
    }

    /// Has the server end each statement of the open transaction that takes longer, or waits so
    /// long for a lock. The wait of its commit for a replica is none.
    public void limit(Duration atMost) {
        run(
                "SET LOCAL statement_timeout = %1$d; SET LOCAL lock_timeout = %1$d"
                        .formatted(Math.max(1, atMost.toMillis())));
    }

    public int backendPid() {
        return driver("backend pid", PGConnection::getBackendPID);
    }

    public int serverMajor() {
        try {
            return connection.getMetaData().getDatabaseMajorVersion();
        } catch (SQLException e) {
            throw fault("server version", e);
        }
    }

    public String label() {
        return label;
    }

    /// Turns a driver's error on this session into a fault that names the database.
    public LockstepException fault(String doing, SQLException e) {
        String statement = doing.strip().replaceAll("\\s+", " ");
        String shown = statement.length() > 160 ? statement.substring(0, 160) + "..." : statement;
        return SqlStates.fault("database \"" + label + "\", " + shown, e);
    }

    /// Cuts the connection without a word; for sessions that are stuck or shared with a dead
    /// thread.
    public void abort() {
        if (open.get()) {
            cut();
        }
    }

    private void cut() {
        try {
            connection.abort(Runnable::run);
        } catch (SQLException e) {
            throw fault("abort", e);
        }
    }

    @Override
    public void close() {
        // The connection may be another session's after that.
        if (open.getAndSet(false)) {
            rollback();
            (own ? END : leave).accept(connection);
        }
    }

    private PreparedStatement prepared(String sql, @Nullable Object... parameters)
            throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < parameters.length; i++) {
            Object parameter = parameters[i];
            if (parameter instanceof String[] texts) {
                statement.setArray(i + 1, connection.createArrayOf("text", texts));
            } else if (parameter instanceof Lsn lsn) {
                statement.setString(i + 1, lsn.toString());
            } else {
                statement.setObject(i + 1, parameter);
            }
        }
        return statement;
    }
}
