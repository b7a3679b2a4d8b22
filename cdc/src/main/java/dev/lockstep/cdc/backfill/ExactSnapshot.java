package dev.lockstep.cdc.backfill;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.Snapshot;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import org.postgresql.replication.ReplicationSlotInfo;

/// A session that sees the active database exactly as of a position: all that was committed up to
/// there and nothing else. Only a new replication slot gives that, as the order of commits in the
/// WAL is not the order in which they become visible. The slot is gone when this is made.
record ExactSnapshot(Lsn position, Session reader) implements AutoCloseable {
    private static final String TERMINATE = "SELECT pg_terminate_backend(?, 10000)";

    private static final String LONG_TRANSACTIONS =
            """
            SELECT format('pid %s on database "%s" since %s: %s', pid, datname,
                          date_trunc('second', clock_timestamp() - xact_start), left(query, 100))
              FROM pg_stat_activity
             WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
             UNION ALL
            SELECT format('prepared transaction "%s" on database "%s" since %s', gid, database,
                          date_trunc('second', clock_timestamp() - prepared))
              FROM pg_prepared_xacts
             LIMIT 10\
            """;

    /// Makes a slot, takes its snapshot over and drops it.
    ///
    /// @param atMost how long to wait for the transactions that the slot has to wait for
    static ExactSnapshot open(Db active, String run, Duration atMost) {
        String slot =
                "lockstep_%s_copy_%08x"
                        .formatted(run.replace('-', '_'), RandomGenerator.getDefault().nextInt());
        try (Session walSender = active.replicationSession("copy slot")) {
            ReplicationSlotInfo made = create(active, walSender, slot, atMost);
            String snapshot = Objects.requireNonNull(made.getSnapshotName(), "snapshot");
            Session reader = new Snapshot(active, snapshot).open("copy");
            try {
                walSender.raw(
                        "drop slot " + slot,
                        c -> {
                            c.getReplicationAPI().dropReplicationSlot(slot);
                            return true;
                        });
            } catch (RuntimeException e) {
                reader.close();
                throw e;
            }
            return new ExactSnapshot(new Lsn(made.getConsistentPoint().asLong()), reader);
        }
    }

    private static ReplicationSlotInfo create(
            Db active, Session walSender, String slot, Duration atMost) {
        int pid = walSender.backendPid();
        FutureTask<ReplicationSlotInfo> creation = new FutureTask<>(() -> make(walSender, slot));
        Thread.ofVirtual().name(slot).start(creation);
        try {
            return creation.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new LockstepException(Fault.INTERNAL, "slot creation: " + e.getCause(), e);
        } catch (TimeoutException e) {
            throw gaveUp(active, pid, atMost, e);
        } catch (InterruptedException e) {
            terminate(active, pid);
            Thread.currentThread().interrupt();
            throw new LockstepException(Fault.INTERRUPTED, "slot creation was interrupted", e);
        }
    }

    private static ReplicationSlotInfo make(Session walSender, String slot) {
        return walSender.raw(
                "create temporary slot " + slot,
                c ->
                        c.getReplicationAPI()
                                .createReplicationSlot()
                                .logical()
                                .withSlotName(slot)
                                .withTemporaryOption()
                                .withOutputPlugin("pgoutput")
                                .make());
    }

    /// A server process that waits for a transaction does not notice that its client left, and its
    /// slot would keep WAL for as long; so it is ended, not just disconnected.
    private static LockstepException gaveUp(
            Db active, int pid, Duration atMost, TimeoutException cause) {
        try (Session session = active.session("copy slot")) {
            List<String> found =
                    session.rows(LONG_TRANSACTIONS, row -> row.textAt(1).orElse("unknown"));
            session.row(TERMINATE, row -> row.textAt(1), pid);
            String others = found.isEmpty() ? "none is visible any more" : String.join("; ", found);
            return new LockstepException(
                    Fault.LOCK_TIMEOUT,
                    "no snapshot of database \"%s\" within %d s: it has to wait for all writing"
                                    .formatted(active.label(), atMost.toSeconds())
                            + " transactions, on all of the server's databases, to end. Open: "
                            + others
                            + ". End them, then run again",
                    cause);
        }
    }

    private static void terminate(Db active, int pid) {
        try (Session session = active.session("copy slot")) {
            session.row(TERMINATE, row -> row.textAt(1), pid);
        }
    }

    @Override
    public void close() {
        reader.close();
    }
}
