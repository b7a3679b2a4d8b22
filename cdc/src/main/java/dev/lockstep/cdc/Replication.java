package dev.lockstep.cdc;

import dev.lockstep.cdc.apply.Applier;
import dev.lockstep.cdc.apply.ApplyGate;
import dev.lockstep.cdc.apply.Positions;
import dev.lockstep.cdc.apply.Recopy;
import dev.lockstep.cdc.apply.Route;
import dev.lockstep.cdc.capture.Capture;
import dev.lockstep.cdc.capture.Slot;
import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.log.ChangeLog;
import dev.lockstep.cdc.recent.RecentChanges;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.fault.HeapShortage;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// One stream: the changes of the active database, in commit order, through the log to the standby.
///
/// Capture and apply run on threads of their own; the first failure of either is kept and thrown by
/// whatever is called next. Everything durable is in the slot, the log and the position: a new
/// `Replication` of the same stream goes on where this one stopped.
public final class Replication implements AutoCloseable {
    private static final Duration STOP_MAX = Duration.ofSeconds(20);

    private final Spec spec;
    private final Slot slot;
    private final ChangeLog log;
    private final Positions positions;
    private volatile ApplyGate gate = new ApplyGate();
    private final Markers markers;
    private final Cuts cuts;
    private final Lineage lineage;
    private final SlotWatch slotWatch;
    private final RecentChanges recent;
    private final CompletableFuture<@Nullable Void> failed = new CompletableFuture<>();
    private @Nullable Capture capture;
    private @Nullable ApplyThread applying;

    /// What a stream is.
    ///
    /// @param stream counts the switches of the run; names slot, publication and topic
    /// @param epoch fences every earlier owner of the run
    public record Spec(
            String run,
            int stream,
            long epoch,
            Db active,
            Db standby,
            Collection<Route> routes,
            KafkaAccess kafka) {
        public Spec {
            routes = List.copyOf(routes);
        }
    }

    public Replication(Spec spec) {
        this.spec = spec;
        this.slot = new Slot(spec.run(), spec.stream());
        this.log =
                new ChangeLog(
                        spec.kafka().client(),
                        spec.kafka().isOwn(),
                        Remains.topic(spec.run(), spec.stream()));
        this.positions = new Positions(spec.run(), spec.stream(), spec.epoch());
        this.markers = new Markers(spec);
        this.cuts = new Cuts(spec, markers);
        this.lineage = new Lineage(spec, positions);
        this.slotWatch = new SlotWatch(slot, spec.active().label(), SlotWatch.UNREAD_MAX);
        this.recent = new RecentChanges(actives());
    }

    public Spec spec() {
        return spec;
    }

    /// Makes publication, slot and topic, where they are missing, and returns the position from
    /// which on every commit will come.
    public Lsn prepare() {
        // The slot may take long. Whoever dies meanwhile must not leave what looks like a log.
        Lsn from = slot.create(spec.active(), actives());
        log.create();
        return from;
    }

    /// Makes what a stream needs that has not begun. One that has begun needs the slot that it had:
    /// what was changed before another slot was made is not in that one.
    public void begin() {
        if (spec.standby().call(positions::read).isEmpty()) {
            startAt(prepare(), false);
        } else {
            log.create();
            slot.publish(spec.active(), actives());
        }
    }

    private List<Table> actives() {
        return spec.routes().stream().map(Route::active).toList();
    }

    /// Says from where changes count on the standby. Later calls change nothing.
    ///
    /// @param strict whether the standby is equal to the active at `from`
    public void startAt(Lsn from, boolean strict) {
        positions.create(
                spec.standby(), new Positions.Position(from, 0, strict), lineage.timeline());
    }

    /// As above with a standby that is equal, whatever earlier owners have said.
    ///
    /// @param atMost how long a statement may take for that
    public void startAnewAt(Lsn from, Duration atMost) {
        positions.createAnew(
                spec.standby(), new Positions.Position(from, 0, true), lineage.timeline(), atMost);
    }

    /// Starts to fill the log from where the slot stands.
    public void startCapture() {
        Positions.Position applied =
                spec.standby()
                        .call(positions::read)
                        .orElse(new Positions.Position(slot.confirmed(spec.active()), 0, false));
        lineage.follow(
                () -> log.lastCommit().map(Change.Commit::end).orElse(Lsn.ZERO).max(applied.lsn()));
        Capture started =
                Capture.start(
                        new Capture.Settings(
                                spec.active(),
                                slot,
                                log,
                                spec.epoch(),
                                actives(),
                                applied.lsn(),
                                applied.changes()));
        capture = started;
        var _ =
                started.ended()
                        .whenComplete(
                                (_, cause) -> Optional.ofNullable(cause).ifPresent(this::fail));
        slotWatch.start();
        markers.start(spec.standby().call(positions::age), this::fail);
    }

    /// Starts to write the log's changes to the standby.
    ///
    /// @param routes as they are now: the copy may have told from where on a table's changes count
    public void startApply(Collection<Route> routes) {
        gate = new ApplyGate();
        Applier started =
                new Applier(
                        new Applier.Settings(
                                spec.standby(),
                                positions,
                                spec.run(),
                                routes,
                                log,
                                gate,
                                markers::arrived,
                                recent));
        applying = new ApplyThread(started, slot.name(), this::fail);
    }

    /// Stops writing to the standby, at the end of what is being written; the log goes on filling.
    public void stopApply() {
        stopApply(STOP_MAX);
    }

    /// As above; what takes longer than `patience`, as where it waits for a lock, is cut off.
    void stopApply(Duration patience) {
        Optional.ofNullable(applying).ifPresent(thread -> thread.stop(patience));
        applying = null;
    }

    /// Ends the stream: whatever is called next throws `cause`. Only the first counts.
    public void fail(Throwable cause) {
        Throwable failure = HeapShortage.in(cause).<Throwable>map(e -> e).orElse(cause);
        failed.completeExceptionally(failure);
        gate.close();
        markers.fail(failure);
    }

    /// Throws what made the stream stop, if anything did.
    public void throwIfFailed() {
        if (failed.isCompletedExceptionally()) {
            throw LockstepException.of(
                    failed.exceptionNow(), "stream \"%s\"".formatted(slot.name()));
        }
    }

    /// Where the standby is.
    public StreamProgress progress() {
        Capture capturing = capture;
        ApplyThread writing = applying;
        long captured = capturing == null ? 0 : capturing.changesCaptured();
        long applied = writing == null ? 0 : writing.applier().applied().changes();
        return new StreamProgress(Math.max(captured, applied), applied, markers.lag());
    }

    /// Waits until everything that the active has committed by now is on the standby.
    public void drain(Duration atMost) throws InterruptedException {
        drain(atMost, Markers.Commit.LOCAL);
    }

    /// As [#drain], and until the active's synchronous replicas have a commit that comes after.
    public void drainReplicated(Duration atMost) throws InterruptedException {
        drain(atMost, Markers.Commit.REPLICATED);
    }

    private void drain(Duration atMost, Markers.Commit commit) throws InterruptedException {
        throwIfFailed();
        markers.await(atMost, commit);
        throwIfFailed();
    }

    /// Ends the overlap of copy and changes: drains, copies again what replay could not complete,
    /// and from there on wants every change to fit. Returns how many rows were copied again.
    public int finishOverlap(Duration atMost) throws InterruptedException {
        drain(atMost);
        Applier writing = Objects.requireNonNull(applying).applier();
        return writing.applied().strict()
                ? 0
                : throughout(() -> cuts.recopy(writing, positions, gate, atMost));
    }

    /// Copies rows again that differ, in their place in the order of changes.
    public void repair(List<Recopy.Wanted> wanted, Duration atMost) throws InterruptedException {
        int _ = throughout(() -> cuts.repair(wanted, positions, gate, atMost));
    }

    /// Makes a cut; the applier stands still until both snapshots are there.
    public Cut cut(Duration atMost) throws InterruptedException {
        return throughout(() -> cuts.make(gate, atMost));
    }

    /// The rows that it has changed lately.
    public RecentChanges recent() {
        return recent;
    }

    /// Where it began; empty where that is not known any more.
    public Optional<Lsn> begunAt() {
        return spec.standby().call(positions::begun);
    }

    /// What a cut waits for just now, if it does; for people.
    public Optional<String> waitsFor() {
        return cuts.waitsFor();
    }

    private interface Work<T> {
        T attempt() throws InterruptedException;
    }

    /// What fails because the stream has failed says why that has.
    private <T> T throughout(Work<T> work) throws InterruptedException {
        throwIfFailed();
        try {
            return work.attempt();
        } catch (LockstepException e) {
            throwIfFailed();
            throw e;
        }
    }

    /// Looks at slot and publication, and has the stream fail where they do not give its changes
    /// any more, or where nobody has read the slot for long. Returns how much WAL the active keeps
    /// for it, in bytes.
    public long watchSlot() {
        return spec.active().call(session -> slotWatch.look(session, this::fail));
    }

    /// Fails where somebody has kept changes from the stream that nothing else would tell of.
    ///
    /// @param active a session on the active database
    public void requirePublished(Session active) {
        slot.requirePublished(active);
    }

    /// Stops both threads; what is durable stays.
    @Override
    public void close() {
        markers.close();
        try {
            stopApply();
        } finally {
            Optional.ofNullable(capture).ifPresent(Capture::close);
            log.close();
        }
    }
}
