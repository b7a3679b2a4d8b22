package dev.lockstep.cdc.capture;

import dev.lockstep.cdc.session.OpenTransactions;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.Snapshot;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.postgresql.replication.ReplicationSlotInfo;

/// A snapshot of a database at an exact position of its WAL: it shows all that was committed before
/// `at` and nothing that was committed later. Only a new logical slot gives that, as the order of
/// commits in the WAL is not the order in which they become visible. Slot and snapshot can be used
/// until this is closed.
public record SnapshotSlot(Lsn at, Snapshot snapshot, Session holder) implements AutoCloseable {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String TERMINATE = "SELECT pg_terminate_backend(?, 10000)";

    /// Makes one; waits for the transactions that are open, but not longer than `atMost`, and fails
    /// then.
    ///
    /// @param purpose goes into the slot's name
    public static SnapshotSlot make(Db active, String purpose, Duration atMost)
            throws InterruptedException {
        return makeWithin(active, purpose, atMost)
                .orElseThrow(
                        () -> active.call(OpenTransactions::of).inTheWay(active.label(), atMost));
    }

    /// As above, and empty where it is not there in time; nothing of it is left on the server then.
    public static Optional<SnapshotSlot> makeWithin(Db active, String purpose, Duration atMost)
            throws InterruptedException {
        byte[] random = new byte[6];
        RANDOM.nextBytes(random);
        String name = "lockstep_" + purpose + "_" + HexFormat.of().formatHex(random);
        Session holder = active.replicationSession(purpose);
        boolean made = false;
        try {
            Optional<ReplicationSlotInfo> slot = create(active, holder, name, atMost);
            made = slot.isPresent();
            return slot.map(info ->
                    new SnapshotSlot(
                            new Lsn(info.getConsistentPoint().asLong()),
                            new Snapshot(
                                    active,
                                    Objects.requireNonNull(info.getSnapshotName(), "snapshot")),
                            holder));
        } finally {
            if (!made) {
                holder.abort();
            }
        }
    }

    private static Optional<ReplicationSlotInfo> create(
            Db active, Session holder, String name, Duration atMost) throws InterruptedException {
        int pid = holder.backendPid();
        FutureTask<ReplicationSlotInfo> creation = new FutureTask<>(() -> request(holder, name));
        Thread.ofVirtual().name(name).start(creation);
        try {
            return Optional.of(creation.get(atMost.toMillis(), TimeUnit.MILLISECONDS));
        } catch (ExecutionException e) {
            throw e.getCause() instanceof LockstepException own
                    ? own
                    : new LockstepException(
                            Fault.INTERNAL, "cannot make slot \"%s\": %s".formatted(name, e), e);
        } catch (TimeoutException _) {
            terminate(active, pid);
            return Optional.empty();
        } catch (InterruptedException e) {
            terminate(active, pid);
            throw e;
        }
    }

    private static ReplicationSlotInfo request(Session holder, String name) {
        return holder.raw(
                "create temporary slot " + name,
                c ->
                        c.getReplicationAPI()
                                .createReplicationSlot()
                                .logical()
                                .withSlotName(name)
                                .withTemporaryOption()
                                .withOutputPlugin("pgoutput")
                                .make());
    }

    /// A server process that waits for a transaction does not notice that its client left, and its
    /// slot would keep WAL for as long; so it is ended, not just disconnected.
    private static void terminate(Db active, int pid) {
        active.call(session -> session.row(TERMINATE, row -> row.textAt(1), pid));
    }

    @Override
    public void close() {
        holder.close();
    }
}
