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
import java.util.Optional;
import java.util.OptionalInt;

/// Has the standby stand still at one exact position of the active.
final class Cuts {
    private static final int RECOPIES_MAX = 20;

    private final Replication.Spec spec;
    private final Standstills standstills;

    Cuts(Replication.Spec spec, Markers markers) {
        this.spec = spec;
        this.standstills = new Standstills(spec.active(), markers);
    }

    /// What a cut waits for just now, if it does.
    Optional<String> waitsFor() {
        return standstills.waitsFor();
    }

    /// Makes a cut; the applier stands still until both snapshots are there.
    Cut make(ApplyGate gate, Duration atMost) throws InterruptedException {
        Standstill still = standstills.reach(gate, atMost);
        SnapshotSlot point = still.point();
        Session holder = null;
        try {
            holder = spec.standby().brief("cut");
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
        return again(
                gate,
                atMost,
                (session, snapshot, files) -> {
                    positions.becomeStrict(session);
                    return new Recopy(session, spec.run(), spec.routes())
                            .unfinishedRows(snapshot, files);
                },
                applier::becomeStrict);
    }

    /// Brings rows to what the active has, at a cut. Returns how many were asked for.
    int repair(List<Recopy.Wanted> wanted, Positions positions, ApplyGate gate, Duration atMost)
            throws InterruptedException {
        return again(
                gate,
                atMost,
                (session, snapshot, files) -> {
                    positions.hold(session);
                    return new Recopy(session, spec.run(), spec.routes())
                            .rows(wanted, snapshot, files);
                },
                () -> {});
    }

    /// What is done at a cut, in a transaction on the standby; empty where a table was truncated
    /// since `files` were read.
    private interface Work {
        OptionalInt in(Session session, Snapshot active, TableFiles files);
    }

    /// @param committed is done before the applier goes on
    private int again(ApplyGate gate, Duration atMost, Work work, Runnable committed)
            throws InterruptedException {
        for (int attempt = 1; attempt <= RECOPIES_MAX; attempt++) {
            OptionalInt rows = once(gate, atMost, work, committed);
            if (rows.isPresent()) {
                return rows.getAsInt();
            }
        }
        throw new LockstepException(
                Fault.LOCK_TIMEOUT,
                ("tables of database \"%s\" were truncated or rewritten (VACUUM FULL, CLUSTER, "
                                + "ALTER TABLE) %d times while some of their rows were about to be "
                                + "copied again; keep applications from it for as long as that "
                                + "takes")
                        .formatted(spec.active().label(), RECOPIES_MAX));
    }

    private OptionalInt once(ApplyGate gate, Duration atMost, Work work, Runnable committed)
            throws InterruptedException {
        TableFiles files = spec.active().call(session -> TableFiles.of(session, actives()));
        SnapshotSlot point = standstills.reach(gate, atMost).point();
        boolean uncertain = false;
        try (Session session = spec.standby().session("recopy")) {
            ReplicaRole.enter(session);
            session.begin();
            OptionalInt rows = work.in(session, point.snapshot(), files);
            if (rows.isPresent()) {
                uncertain = true;
                session.commit();
                committed.run();
                uncertain = false;
            }
            return rows;
        } finally {
            // Where a commit was not answered nobody knows what the applier has to go by.
            if (uncertain) {
                gate.close();
            } else {
                gate.release();
            }
            point.close();
        }
    }

    private List<TableName> actives() {
        return spec.routes().stream().map(route -> route.active().name()).toList();
    }
}
