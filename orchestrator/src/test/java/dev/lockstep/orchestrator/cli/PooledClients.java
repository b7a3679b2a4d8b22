package dev.lockstep.orchestrator.cli;

import dev.lockstep.testing.local.Pooler;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/// Applications that write in short transactions through a pooler, and count what comes of it.
final class PooledClients implements AutoCloseable {
    /// What they write into.
    static final String TABLE =
            "CREATE TABLE entry (client int, number bigint, PRIMARY KEY (client, number));"
                    + " CREATE TABLE total (client int PRIMARY KEY, entries bigint NOT NULL)";

    private static final String ENTRY = "INSERT INTO public.entry VALUES (?, ?)";
    private static final String TOTAL =
            "INSERT INTO public.total VALUES (?, 1) ON CONFLICT (client)"
                    + " DO UPDATE SET entries = total.entries + 1";

    private final Pooler pooler;
    private final List<Thread> threads = new ArrayList<>();
    private final List<String> failures = new CopyOnWriteArrayList<>();
    private final AtomicLong done = new AtomicLong();
    private final AtomicLong longest = new AtomicLong();
    private volatile boolean stopped;

    PooledClients(Pooler pooler, int clients) {
        this.pooler = pooler;
        for (int i = 0; i < clients; i++) {
            int client = i;
            threads.add(Thread.ofVirtual().start(() -> work(client)));
        }
    }

    private void work(int client) {
        try (Connection connection = pooler.connect("client " + client)) {
            connection.setAutoCommit(false);
            for (long number = 0; !stopped; number++) {
                long start = System.nanoTime();
                write(connection, client, number);
                longest.accumulateAndGet(System.nanoTime() - start, Math::max);
                done.incrementAndGet();
            }
        } catch (SQLException e) {
            failures.add(String.valueOf(e.getMessage()));
        }
    }

    private static void write(Connection connection, int client, long number) throws SQLException {
        try (PreparedStatement entry = connection.prepareStatement(ENTRY);
                PreparedStatement total = connection.prepareStatement(TOTAL)) {
            entry.setInt(1, client);
            entry.setLong(2, number);
            entry.executeUpdate();
            total.setInt(1, client);
            total.executeUpdate();
        }
        connection.commit();
    }

    List<String> failures() {
        return failures;
    }

    /// Transactions that were acknowledged.
    long done() {
        return done.get();
    }

    long longestMillis() {
        return longest.get() / 1_000_000;
    }

    @Override
    public void close() {
        stopped = true;
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
