package dev.lockstep.cdc;

import dev.lockstep.cdc.apply.Applier;
import dev.lockstep.cdc.apply.ApplyGate;
import dev.lockstep.cdc.apply.Positions;
import dev.lockstep.cdc.apply.Route;
import dev.lockstep.cdc.capture.Capture;
import dev.lockstep.cdc.capture.Slot;
import dev.lockstep.cdc.log.ChangeLog;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.HeapShortage;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
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
    private final UnreadSlot unread;
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

    /// How a stream is doing.
    ///
    /// @param captured row changes that the log has taken, over all the stream's time
    /// @param applied those of them that are on the standby
    /// @param lag how long ago the active had what the standby has not, at most; zero when nothing
    ///   is outstanding
    public record Progress(long captured, long applied, Duration lag) {}

    public Replication(Spec spec) {
        this.spec = spec;
        this.slot = new Slot(spec.run(), spec.stream());
        this.log =
                new ChangeLog(
                        spec.kafka().client(),
                        spec.kafka().ownBroker(),
                        topic(spec.run(), spec.stream()));
        this.positions = new Positions(spec.run(), spec.stream(), spec.epoch());
        this.markers = new Markers(spec);
        this.cuts = new Cuts(spec, markers);
        this.unread = new UnreadSlot(slot.name(), spec.active().label());
    }

    private static String topic(String run, int stream) {
        return topic(run) + stream;
    }

    private static String topic(String run) {
        return "lockstep." + run + ".";
    }

    public Spec spec() {
        return spec;
    }

    /// Makes publication, slot and topic, where they are missing, and returns the position from
    /// which on every commit will come.
    public Lsn prepare() {
        log.create();
        return slot.create(spec.active(), spec.routes().stream().map(Route::active).toList());
    }

    /// Says from where changes count on the standby. Later calls change nothing.
    ///
    /// @param strict whether the standby is equal to the active at `from`
    public void startAt(Lsn from, boolean strict) {
        positions.create(spec.standby(), new Positions.Position(from, 0, strict));
    }

    /// Says from where changes count on a standby that is equal to the active at `from`, whatever
    /// earlier owners have said.
    public void startAnewAt(Lsn from) {
        positions.createAnew(spec.standby(), new Positions.Position(from, 0, true));
    }

    /// Starts to fill the log from where the slot stands.
    public void startCapture() {
        Positions.Position applied =
                spec.standby()
                        .call(positions::read)
                        .orElse(new Positions.Position(preparedAt(), 0, false));
        Capture started =
                Capture.start(
                        new Capture.Settings(
                                spec.active(),
                                slot,
                                log,
                                spec.epoch(),
                                spec.routes().stream().map(Route::active).toList(),
                                applied.lsn(),
                                applied.changes()));
        capture = started;
        var _ =
                started.ended()
                        .whenComplete((_, failure) -> {
                            if (failure != null) {
                                fail(failure);
                            }
                        });
        unread.start();
        markers.start(spec.standby().call(positions::age), this::fail);
    }

    private Lsn preparedAt() {
        try (Session session = spec.active().session("slot")) {
            return slot.state(session).map(Slot.State::confirmed).orElse(Lsn.ZERO);
        }
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
                                markers::arrived));
        applying = new ApplyThread(started, slot.name(), this::fail);
    }

    /// Stops writing to the standby, at the end of what is being written; the log goes on filling.
    public void stopApply() {
        stopApply(STOP_MAX);
    }

    /// As above; what takes longer than `patience`, as where it waits for a lock, is cut off.
    void stopApply(Duration patience) {
        ApplyThread thread = applying;
        if (thread != null) {
            thread.stop(patience);
        }
        applying = null;
    }

    /// Ends the stream for `failure`: it is thrown by whatever is called next. Only the first
    /// counts.
    public void fail(Throwable failureOrError) {
        Throwable failure =
                HeapShortage.in(failureOrError).<Throwable>map(e -> e).orElse(failureOrError);
        failed.completeExceptionally(failure);
        gate.close();
        markers.fail(failure);
    }

    /// Throws what made the stream stop, if anything did.
    public void throwIfFailed() {
        if (failed.isCompletedExceptionally()) {
            Throwable cause = failed.exceptionNow();
            if (cause instanceof LockstepException own) {
                throw new LockstepException(own.fault(), own.text(), own);
            }
            throw new LockstepException(
                    Fault.INTERNAL,
                    "stream \"%s\" stopped: %s".formatted(slot.name(), cause),
                    cause);
        }
    }

    /// Where the standby is.
    public Progress progress() {
        Capture capturing = capture;
        ApplyThread writing = applying;
        long captured = capturing == null ? 0 : capturing.changesCaptured();
        if (writing == null) {
            return new Progress(captured, 0, markers.lag());
        }
        var at = writing.applier().applied();
        return new Progress(Math.max(captured, at.changes()), at.changes(), markers.lag());
    }

    /// Waits until everything that the active had committed when this was called is on the standby.
    public void drain(Duration atMost) throws InterruptedException {
        throwIfFailed();
        markers.await(atMost);
        throwIfFailed();
    }

    /// Ends the overlap of copy and changes: drains, copies again what replay could not complete,
    /// and from there on wants every change to fit. Returns how many rows were copied again.
    public int finishOverlap(Duration atMost) throws InterruptedException {
        drain(atMost);
        Applier writing = java.util.Objects.requireNonNull(applying).applier();
        if (writing.applied().strict()) {
            return 0;
        }
        try {
            return cuts.recopy(writing, positions, gate, atMost);
        } catch (LockstepException e) {
            throwIfFailed();
            throw e;
        }
    }

    /// Makes a cut; the applier stands still until both snapshots are there.
    public Cut cut(Duration atMost) throws InterruptedException {
        throwIfFailed();
        try {
            return cuts.make(gate, atMost);
        } catch (LockstepException e) {
            throwIfFailed();
            throw e;
        }
    }

    /// How much WAL the active keeps for this stream, in bytes. Where nobody has read the slot for
    /// long, the connection that is taken for open is not; the stream fails then.
    public Optional<Long> retainedWal() {
        Optional<Slot.State> state = spec.active().call(slot::state);
        unread.look(state).ifPresent(this::fail);
        return state.map(Slot.State::retainedBytes);
    }

    /// Stops both threads; what is durable stays.
    @Override
    public void close() {
        markers.close();
        try {
            stopApply();
        } finally {
            Capture capturing = capture;
            if (capturing != null) {
                capturing.close();
            }
            log.close();
        }
    }

    /// The topics that streams of a run have in Kafka, which has to answer at once.
    public static List<String> topics(String run, KafkaAccess kafka) {
        return ChangeLog.topics(kafka.client(), topic(run)).stream()
                .filter(name -> name.substring(topic(run).length()).matches("[0-9]+"))
                .toList();
    }

    /// Which stream, and whose.
    public record Owned(String run, int stream, long epoch) {}

    /// Removes position, slot, publication and topic of a stream that nobody runs, whatever of them
    /// is there; fails where a later epoch has it. A stream of the same number that is made later
    /// begins at its own beginning.
    public static void remove(Owned owned, Db active, Db standby, KafkaAccess kafka) {
        new Positions(owned.run(), owned.stream(), owned.epoch()).forget(standby);
        new Slot(owned.run(), owned.stream()).drop(active);
        String topic = topic(owned.run(), owned.stream());
        try (ChangeLog log = new ChangeLog(kafka.client(), kafka.ownBroker(), topic)) {
            log.delete();
        }
    }
}
