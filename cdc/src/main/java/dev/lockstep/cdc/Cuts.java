package dev.lockstep.cdc;

import dev.lockstep.cdc.apply.Applier;
import dev.lockstep.cdc.apply.ApplyGate;
import dev.lockstep.cdc.apply.Positions;
import dev.lockstep.cdc.apply.Recopy;
import dev.lockstep.cdc.capture.SnapshotSlot;
import dev.lockstep.cdc.session.ReplicaRole;
import dev.lockstep.plans.catalog.TableFiles;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.Snapshot;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;

/// Has the standby stand still at one exact position of the active.
final class Cuts {
    /// How long open transactions of the active may keep a snapshot, and with it the applier,
    /// waiting.
    private static final Duration SNAPSHOT_MAX = Duration.ofSeconds(60);

    private static final int RECOPIES_MAX = 20;

    private final Replication.Spec spec;
    private final Markers markers;

    Cuts(Replication.Spec spec, Markers markers) {
        this.spec = spec;
        this.markers = markers;
    }

    /// Makes a cut; the applier stands still until both snapshots are there.
    Cut make(ApplyGate gate, Duration atMost) throws InterruptedException {
        Standstill still = standStill(gate, atMost);
        SnapshotSlot point = still.point();
        Session holder = null;
        try {
            holder = spec.standby().session("cut");
            holder.beginSnapshot(false);
            String name = holder.one("SELECT pg_export_snapshot()");
            return new Cut(
                    point.at(),
                    point.snapshot(),
                    new Snapshot(spec.standby(), name),
                    still.soFar(),
                    point.holder(),
                    holder);
        } catch (RuntimeException e) {
            point.close();
            if (holder != null) {
                holder.close();
            }
            throw e;
        } finally {
            gate.release();
        }
    }

    /// Copies the unfinished rows again at a cut, and has every later change fit exactly. Returns
    /// how many rows there were.
    int recopy(Applier applier, Positions positions, ApplyGate gate, Duration atMost)
            throws InterruptedException {
        for (int attempt = 1; attempt <= RECOPIES_MAX; attempt++) {
            OptionalInt rows = recopyOnce(applier, positions, gate, atMost);
            if (rows.isPresent()) {
                return rows.getAsInt();
            }
        }
        throw new LockstepException(
                Fault.LOCK_TIMEOUT,
                ("tables of database \"%s\" were truncated or rewritten (VACUUM FULL, CLUSTER, "
                                + "ALTER TABLE) %d times while the last of their rows were about "
                                + "to be copied; keep applications from it until the run is in "
                                + "step")
                        .formatted(spec.active().label(), RECOPIES_MAX));
    }

    private OptionalInt recopyOnce(
            Applier applier, Positions positions, ApplyGate gate, Duration atMost)
            throws InterruptedException {
        TableFiles files = spec.active().call(session -> TableFiles.of(session, actives()));
        SnapshotSlot point = standStill(gate, atMost).point();
        boolean settled = false;
        try (Session session = spec.standby().session("recopy")) {
            ReplicaRole.enter(session);
            session.begin();
            positions.becomeStrict(session);
            OptionalInt rows =
                    new Recopy(session, spec.run(), spec.routes())
                            .unfinishedRows(point.snapshot(), files);
            if (rows.isPresent()) {
                session.commit();
                applier.becomeStrict();
            }
            settled = true;
            return rows;
        } finally {
            // Where a commit was not answered nobody knows what the applier has to go by.
            if (settled) {
                gate.release();
            } else {
                gate.close();
            }
            point.close();
        }
    }

    private List<TableName> actives() {
        return spec.routes().stream().map(route -> route.active().name()).toList();
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    /// An applier that stands at `point`.
    ///
    /// @param since when it came to stand there, by [System#nanoTime]
    /// @param before how long it had been held before it was let up to the point
    private record Standstill(SnapshotSlot point, long since, Duration before) {
        Duration soFar() {
            return before.plusNanos(System.nanoTime() - since);
        }
    }

    /// Holds the applier, takes a snapshot of the active, and lets the applier come just up to it.
    private Standstill standStill(ApplyGate gate, Duration atMost) throws InterruptedException {
        try {
            gate.hold(atMost);
            long held = System.nanoTime();
            SnapshotSlot point = SnapshotSlot.make(spec.active(), "cut", min(atMost, SNAPSHOT_MAX));
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
        } catch (RuntimeException | InterruptedException e) {
            gate.release();
            throw e;
        }
    }
}
