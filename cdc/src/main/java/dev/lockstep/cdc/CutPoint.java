package dev.lockstep.cdc;

import dev.lockstep.cdc.capture.Slot;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.Snapshot;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.postgresql.replication.ReplicationSlotInfo;

/// A snapshot of a database at an exact position of its WAL, made by a temporary logical slot: it
/// shows all that was committed before `at` and nothing that was committed later. The session holds
/// both.
record CutPoint(Lsn at, Snapshot snapshot, Session holder) {
    private static final SecureRandom RANDOM = new SecureRandom();

    /// Makes one; waits for the transactions that are open, but not longer than `atMost`.
    static CutPoint make(Db active, Duration atMost) throws InterruptedException {
        Session holder = active.replicationSession("cut");
        byte[] random = new byte[6];
        RANDOM.nextBytes(random);
        String name = "lockstep_cut_" + HexFormat.of().formatHex(random);
        CompletableFuture<ReplicationSlotInfo> made = new CompletableFuture<>();
        Thread.ofVirtual()
                .name("cut")
                .start(() -> {
                    try {
                        made.complete(create(holder, name));
                    } catch (Throwable e) {
                        made.completeExceptionally(e);
                    }
                });
        try {
            ReplicationSlotInfo slot = made.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
            return new CutPoint(
                    new Lsn(slot.getConsistentPoint().asLong()),
                    new Snapshot(active, java.util.Objects.requireNonNull(slot.getSnapshotName())),
                    holder);
        } catch (TimeoutException e) {
            holder.abort();
            throw slow(active, atMost, e);
        } catch (ExecutionException e) {
            holder.close();
            throw e.getCause() instanceof LockstepException own
                    ? own
                    : new LockstepException(
                            Fault.INTERNAL, "cannot make a cut: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            holder.abort();
            throw e;
        }
    }

    private static ReplicationSlotInfo create(Session holder, String name) {
        return holder.raw(
                "temporary slot for a cut",
                c ->
                        c.getReplicationAPI()
                                .createReplicationSlot()
                                .logical()
                                .withSlotName(name)
                                .withTemporaryOption()
                                .withOutputPlugin("pgoutput")
                                .make());
    }

    private static LockstepException slow(Db active, Duration atMost, TimeoutException cause) {
        try (Session session = active.session("cut")) {
            return new LockstepException(
                    Fault.LOCK_TIMEOUT,
                    ("no cut of database \"%s\" within %d s: it waits for every transaction "
                                    + "that was open: %s")
                            .formatted(
                                    active.label(),
                                    atMost.toSeconds(),
                                    Slot.describeOldTransactions(session)),
                    cause);
        }
    }
}
