package dev.lockstep.orchestrator.demo;

import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.SqlStates;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One application that writes, one write after the other. It connects as applications do, and
/// knows of a switch only that the database refuses it and that another one is to be asked.
final class ShopWriter implements Runnable {
    private static final Duration GIVE_UP_AFTER = Duration.ofSeconds(15);
    private static final Duration ASK_AGAIN_AFTER = Duration.ofMillis(2);
    private static final Duration CONNECT_AGAIN_AFTER = Duration.ofMillis(25);

    private final int id;
    private final ShopWork work;
    private final Duration interval;
    private final Shared shared;

    private Optional<Endpoint> home = Optional.empty();
    private volatile @Nullable Connection connection;
    private boolean committing;

    /// What all writers have in common.
    record Shared(
            Supplier<Endpoint> active,
            WriteRecord record,
            Gaps gaps,
            CountDownLatch stopping,
            InstantSource clock) {}

    ShopWriter(int id, ShopWork work, Duration interval, Shared shared) {
        this.id = id;
        this.work = work;
        this.interval = interval;
        this.shared = shared;
    }

    @Override
    public void run() {
        try {
            writeUntilStopped();
        } catch (RuntimeException | Error e) {
            shared.record().failed("writer %d stopped: %s".formatted(id, e));
            throw e;
        } finally {
            disconnect();
        }
    }

    private void writeUntilStopped() {
        Instant turn = shared.clock().instant();
        for (int number = 1; !waitUntil(turn); number++) {
            write(number);
            Instant now = shared.clock().instant();
            turn = turn.plus(interval).isBefore(now) ? now : turn.plus(interval);
        }
    }

    /// Cuts a connection that a statement hangs on.
    void abort() {
        Connection open = connection;
        try {
            if (open != null) {
                open.abort(Runnable::run);
            }
        } catch (SQLException _) {
            // It is gone, which is all that was wanted.
        }
    }

    private void write(int number) {
        Instant giveUp = shared.clock().instant().plus(GIVE_UP_AFTER);
        boolean settled = false;
        while (!settled) {
            try {
                attempt(number);
                shared.record().acknowledged(id, number);
                shared.gaps().written(shared.clock().instant());
                return;
            } catch (SQLException e) {
                settled = settle(number, giveUp, e);
            }
        }
    }

    private void attempt(int number) throws SQLException {
        committing = false;
        Connection open = connected();
        work.perform(open, number);
        committing = true;
        open.commit();
    }

    /// Whether a write that was not acknowledged is over; otherwise it is to be made again. A
    /// commit whose answer is lost may have taken place, so that one is never made again.
    private boolean settle(int number, Instant giveUp, SQLException e) {
        boolean lost = SqlStates.isConnectionLoss(e);
        boolean refused = SqlStates.of(e).filter(SqlStates.READ_ONLY::equals).isPresent();
        if (lost || !rolledBack()) {
            disconnect();
        }
        if (lost && committing) {
            shared.record().unknown(id, number);
            return true;
        }
        boolean again = refused || SqlStates.isTransient(e);
        if (!again || shared.clock().instant().isAfter(giveUp)) {
            shared.record().failed("writer %d, write %d: %s".formatted(id, number, e.getMessage()));
            return true;
        }
        if (refused) {
            shared.record().refused();
        } else {
            shared.record().retried();
        }
        return stops(lost ? CONNECT_AGAIN_AFTER : ASK_AGAIN_AFTER);
    }

    private Connection connected() throws SQLException {
        Endpoint active = shared.active().get();
        if (!home.equals(Optional.of(active))) {
            disconnect();
        }
        Connection open = connection;
        if (open == null) {
            open = DriverManager.getConnection(active.url(), properties(active));
            open.setAutoCommit(false);
            home = Optional.of(active);
            connection = open;
        }
        return open;
    }

    private static Properties properties(Endpoint endpoint) {
        Properties properties = new Properties();
        properties.setProperty("user", endpoint.user());
        properties.setProperty("password", endpoint.password().reveal());
        properties.setProperty("ApplicationName", "shop");
        properties.setProperty("currentSchema", "public");
        properties.setProperty("connectTimeout", "5");
        properties.setProperty("socketTimeout", Long.toString(GIVE_UP_AFTER.toSeconds()));
        return properties;
    }

    private boolean rolledBack() {
        Connection open = connection;
        try {
            if (open != null) {
                open.rollback();
            }
            return true;
        } catch (SQLException _) {
            return false;
        }
    }

    private void disconnect() {
        Connection open = connection;
        connection = null;
        try {
            if (open != null) {
                open.close();
            }
        } catch (SQLException _) {
            // It is gone, which is all that was wanted.
        }
    }

    private boolean waitUntil(Instant turn) {
        Duration left = Duration.between(shared.clock().instant(), turn);
        return stops(left.isNegative() ? Duration.ZERO : left);
    }

    /// Waits, and says whether the writers are to stop.
    private boolean stops(Duration atMost) {
        try {
            return shared.stopping().await(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return true;
        }
    }
}
