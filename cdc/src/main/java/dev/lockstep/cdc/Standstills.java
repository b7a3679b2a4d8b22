package dev.lockstep.cdc;

import dev.lockstep.cdc.apply.ApplyGate;
import dev.lockstep.cdc.capture.SnapshotSlot;
import dev.lockstep.cdc.session.OpenTransactions;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Has an applier stand at one exact position of the active, for no longer than that takes.
///
/// Only a new slot tells such a position, and it waits for every transaction that is open. So those
/// are waited for first, while the applier goes on; then it is held and the slot asked for. Where
/// others have begun meanwhile and last long, the applier is let go and all is tried again, with
/// more patience each time.
///
/// Thread rule: one thread at a time; [#waitsFor] may be asked from others.
final class Standstills {
    /// How long open transactions of the active may keep a snapshot waiting, over all attempts.
    private static final Duration SNAPSHOT_MAX = Duration.ofSeconds(60);

    private static final Duration HELD_FIRST = Duration.ofSeconds(1);
    private static final Duration POLL = Duration.ofMillis(20);

    private final Db active;
    private final Markers markers;
    private final CountDownLatch never = new CountDownLatch(1);
    private volatile @Nullable String waitsFor;

    Standstills(Db active, Markers markers) {
        this.active = active;
        this.markers = markers;
    }

    /// What is waited for just now, if anything is.
    Optional<String> waitsFor() {
        return Optional.ofNullable(waitsFor);
    }

    /// Lets the applier come to a standstill; whoever asked releases the gate.
    Standstill reach(ApplyGate gate, Duration atMost) throws InterruptedException {
        Duration all = min(atMost, SNAPSHOT_MAX);
        long start = System.nanoTime();
        for (Duration patience = HELD_FIRST; ; patience = patience.multipliedBy(2)) {
            awaitOpenTransactions(all, start);
            Duration left = all.minusNanos(System.nanoTime() - start);
            boolean isLast = patience.compareTo(left) >= 0;
            Optional<Standstill> reached = attempt(gate, atMost, isLast ? left : patience);
            if (reached.isPresent()) {
                return reached.get();
            }
            if (isLast) {
                throw active.call(OpenTransactions::of).inTheWay(active.label(), all);
            }
        }
    }

    /// Waits until those that are open now have ended.
    private void awaitOpenTransactions(Duration atMost, long start) throws InterruptedException {
        try (Session session = active.brief("cut")) {
            OpenTransactions open = OpenTransactions.of(session);
            while (!open.isEmpty()) {
                if (System.nanoTime() - start > atMost.toNanos()) {
                    throw open.inTheWay(active.label(), atMost);
                }
                waitsFor = "waiting for these transactions to end before comparing: " + open.text();
                boolean _ = never.await(POLL.toMillis(), TimeUnit.MILLISECONDS);
                open = open.still(OpenTransactions.of(session));
            }
        } finally {
            waitsFor = null;
        }
    }

    /// Empty where the snapshot was not there in time; the applier goes on then.
    private Optional<Standstill> attempt(ApplyGate gate, Duration atMost, Duration patience)
            throws InterruptedException {
        try {
            gate.hold(atMost);
            long held = System.nanoTime();
            Optional<SnapshotSlot> point = SnapshotSlot.makeWithin(active, "cut", patience);
            if (point.isEmpty()) {
                gate.release();
                return Optional.empty();
            }
            return Optional.of(standAt(point.get(), held, gate, atMost));
        } catch (RuntimeException | InterruptedException e) {
            gate.release();
            throw e;
        }
    }

    private Standstill standAt(SnapshotSlot point, long held, ApplyGate gate, Duration atMost)
            throws InterruptedException {
        try {
            gate.raiseTo(point.at());
            Duration before = Duration.ofNanos(System.nanoTime() - held);
            markers.emit();
            gate.awaitStandingAt(point.at(), atMost);
            return new Standstill(point, System.nanoTime(), before);
        } catch (RuntimeException | InterruptedException e) {
            point.close();
            throw e;
        }
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
