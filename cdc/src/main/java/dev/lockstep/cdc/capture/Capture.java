package dev.lockstep.cdc.capture;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.log.ChangeLog;
import dev.lockstep.cdc.log.LogAppender;
import dev.lockstep.cdc.log.PositionLost;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.HeapShortage;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.spi.OffsetCommitPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/// A running Debezium engine on one slot, and the log that it fills.
///
/// No offset is kept: the slot is the truth. After a restart the server sends whole transactions
/// again from the last confirmed one, so the log may hold a torn transaction and then second
/// copies; the applier drops both.
public final class Capture implements AutoCloseable {
    private static final Duration START_MAX = Duration.ofSeconds(60);
    private static final Duration KEPT_MAX = Duration.ofSeconds(90);
    private static final String COMMIT_LSN = "lsn_commit";

    private final String tapName = UUID.randomUUID().toString();
    private final String database;
    private final LogAppender appender;
    private final RowTap tap;
    private final DebeziumEngine<RecordChangeEvent<SourceRecord>> engine;
    private final Thread thread;
    private final CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
    private final CompletableFuture<@Nullable Void> started = new CompletableFuture<>();
    private volatile boolean closing;

    /// What to capture, and into what.
    ///
    /// @param applied what the standby has: the log may have been trimmed up to there
    /// @param tables the active's tables as they were when the stream was opened
    public record Settings(
            Db active,
            Slot slot,
            ChangeLog log,
            long epoch,
            Collection<Table> tables,
            Lsn applied,
            long changesApplied) {}

    private Capture(Settings settings, LogAppender appender, RowTap tap, int serverMajor) {
        this.database = settings.active().label();
        this.appender = appender;
        this.tap = tap;
        tap.whenBroken(e -> completed(false, null, e));
        TappedTask.register(tapName, tap);
        Properties properties =
                EngineProperties.of(
                        settings.active().endpoint(), settings.slot().name(), serverMajor);
        properties.setProperty(TappedTask.TAP, tapName);
        // An engine waits a minute for the names of one that takes its time to end.
        properties.setProperty("custom.metric.tags", "capture=" + tapName);
        this.engine =
                DebeziumEngine.create(io.debezium.engine.format.ChangeEventFormat.of(Connect.class))
                        .using(properties)
                        .notifying(this::confirm)
                        .using(OffsetCommitPolicy.always())
                        .using(this::completed)
                        .using(
                                new DebeziumEngine.ConnectorCallback() {
                                    @Override
                                    public void taskStarted() {
                                        started.complete(null);
                                    }
                                })
                        .build();
        this.thread =
                Thread.ofPlatform().name("capture-" + settings.slot().name()).unstarted(engine);
    }

    /// Starts to read from where the slot stands.
    public static Capture start(Settings settings) {
        // The slot first: a predecessor that is about to end may still write and confirm, and what
        // it has confirmed by now is in the log by now.
        try (Session session = settings.active().brief("slot")) {
            settings.slot().free(session);
        }
        Slot.State slot = slotOf(settings);
        Optional<Change.Commit> last = settings.log().lastCommit();
        Lsn known = last.map(Change.Commit::end).orElse(Lsn.ZERO).max(settings.applied());
        checkNoGap(settings, slot.confirmed(), known);
        long changes =
                Math.max(last.map(Change.Commit::changes).orElse(0L), settings.changesApplied());
        LogAppender appender = settings.log().appender(settings.epoch());
        CarriedTables tables = new CarriedTables(settings.active(), settings.tables());
        RowTap tap = new RowTap(appender, tables, known, changes);
        tap.whenOpened(() -> checkAlone(settings, known));
        Capture capture = new Capture(settings, appender, tap, serverMajor(settings.active()));
        capture.thread.start();
        capture.awaitStart(settings.slot().name());
        return capture;
    }

    private void awaitStart(String slot) {
        try {
            var _ =
                    CompletableFuture.anyOf(started, ended)
                            .get(START_MAX.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            close();
            throw fault(null, e.getCause());
        } catch (TimeoutException e) {
            close();
            throw new LockstepException(
                    Fault.UNREACHABLE,
                    "reading slot \"%s\" did not start within %d s"
                            .formatted(slot, START_MAX.toSeconds()),
                    e);
        } catch (InterruptedException e) {
            close();
            Thread.currentThread().interrupt();
            throw new LockstepException(Fault.INTERRUPTED, "interrupted while a stream started", e);
        }
    }

    /// The prefix of the messages that Lockstep puts into the WAL.
    public static String markerPrefix() {
        return "lockstep";
    }

    private static int serverMajor(Db db) {
        try (Session session = db.brief("version")) {
            return session.serverMajor();
        }
    }

    private static Slot.State slotOf(Settings settings) {
        try (Session session = settings.active().brief("slot")) {
            Slot slot = settings.slot();
            Optional<Slot.State> state = slot.state(session);
            Optional<String> loss = Slot.loss(state);
            if (loss.isPresent()) {
                throw slot.lost(session.label(), loss.get());
            }
            return state.orElseThrow();
        }
    }

    /// An owner that was taken for dead may have read, and confirmed, on its way out. What it wrote
    /// before this one is in the log and counts; this one has to start from there.
    private static void checkAlone(Settings settings, Lsn known) {
        Lsn confirmed = slotOf(settings).confirmed();
        if (confirmed.isAfter(known)) {
            Lsn inLog = settings.log().lastCommit().map(Change.Commit::end).orElse(Lsn.ZERO);
            checkNoGap(settings, confirmed, inLog);
            throw new LockstepException(
                    Fault.LOG_FAILED,
                    "another process wrote to the log of slot \"%s\" while this one began"
                            .formatted(settings.slot().name()));
        }
    }

    private static void checkNoGap(Settings settings, Lsn confirmed, Lsn known) {
        if (confirmed.isAfter(known)) {
            throw PositionLost.of(
                    settings.slot().stream(),
                    ("slot \"%s\" on \"%s\" has confirmed changes up to %s, but the change log "
                                    + "ends at %s: the log was lost or set back")
                            .formatted(
                                    settings.slot().name(),
                                    settings.active().label(),
                                    confirmed,
                                    known));
        }
    }

    private void confirm(
            List<RecordChangeEvent<SourceRecord>> events,
            RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
            throws InterruptedException {
        for (RecordChangeEvent<SourceRecord> event : events) {
            Map<String, ?> value = event.record().sourceOffset();
            if (isEnd(event.record()) && value.get(COMMIT_LSN) instanceof Long commit) {
                appender.awaitKept(new Lsn(commit), KEPT_MAX);
                committer.markProcessed(event);
            }
        }
        committer.markBatchFinished();
    }

    private static boolean isEnd(SourceRecord record) {
        return record.value() instanceof org.apache.kafka.connect.data.Struct struct
                && struct.schema().field("status") != null
                && "END".equals(struct.getString("status"));
    }

    private void completed(boolean success, @Nullable String message, @Nullable Throwable error) {
        if (closing || (success && error == null)) {
            ended.complete(null);
        } else {
            ended.completeExceptionally(fault(message, error));
        }
    }

    private LockstepException fault(@Nullable String message, @Nullable Throwable error) {
        for (Throwable t = error; t != null; t = t.getCause()) {
            if (t instanceof LockstepException own) {
                return own;
            }
        }
        Optional<LockstepException> shortage = HeapShortage.in(error);
        if (shortage.isPresent()) {
            return shortage.get();
        }
        String why = message;
        for (Throwable t = error; t != null; t = t.getCause()) {
            why = t.getMessage() == null ? why : t.getMessage();
        }
        return new LockstepException(
                Fault.UNREACHABLE,
                "reading the changes of \"%s\" stopped: %s".formatted(database, why),
                error);
    }

    /// Ends when the capture does; exceptionally where nobody closed it.
    public CompletableFuture<@Nullable Void> ended() {
        return ended;
    }

    /// How many row changes the stream has taken in, over all its time.
    public long changesCaptured() {
        return tap.changesCaptured();
    }

    @Override
    public void close() {
        closing = true;
        try {
            engine.close();
        } catch (IOException | IllegalStateException e) {
            thread.interrupt();
        }
        try {
            thread.join(Duration.ofSeconds(20));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        appender.close();
        TappedTask.forget(tapName);
    }
}
