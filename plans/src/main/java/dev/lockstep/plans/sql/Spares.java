package dev.lockstep.plans.sql;

import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/// Connections that a short session leaves to the next one: a server has more work with a new one
/// than with most of what is asked on it. Unlike a pool nobody ever waits here; whoever finds none
/// opens one, and hears at once where that is not possible.
///
/// Thread rule: any thread.
final class Spares implements AutoCloseable {
    private static final int KEPT_MAX = 4;
    private static final Duration KEPT_FOR = Duration.ofSeconds(30);

    private final Deque<Spare> spares = new ArrayDeque<>();
    private boolean closed;

    private record Spare(Connection connection, long since) {
        boolean isOld() {
            return System.nanoTime() - since > KEPT_FOR.toNanos();
        }
    }

    /// The one that was left last, if there is any. It may be dead.
    Optional<Connection> take() {
        List<Spare> old = new ArrayList<>();
        Optional<Connection> found;
        synchronized (this) {
            while (!spares.isEmpty() && spares.getFirst().isOld()) {
                old.add(spares.removeFirst());
            }
            found = Optional.ofNullable(spares.pollLast()).map(Spare::connection);
        }
        old.forEach(spare -> Connector.end(spare.connection()));
        return found;
    }

    /// Leaves one that has no state of its last session, or closes it where there are enough.
    void leave(Connection connection) {
        if (!isKept(connection)) {
            Connector.end(connection);
        }
    }

    private synchronized boolean isKept(Connection connection) {
        if (closed || spares.size() == KEPT_MAX) {
            return false;
        }
        spares.addLast(new Spare(connection, System.nanoTime()));
        return true;
    }

    /// Closes them; says whether there were any.
    boolean giveUp() {
        List<Spare> all;
        synchronized (this) {
            all = List.copyOf(spares);
            spares.clear();
        }
        all.forEach(spare -> Connector.end(spare.connection()));
        return !all.isEmpty();
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        boolean _ = giveUp();
    }
}
