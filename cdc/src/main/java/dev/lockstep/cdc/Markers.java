package dev.lockstep.cdc;

import dev.lockstep.cdc.capture.Capture;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Writes markers into the active database's WAL and waits for them to arrive on the standby. One
/// goes out every half second: it moves an idle slot on and measures the lag.
final class Markers implements AutoCloseable {
    private static final Duration BEAT = Duration.ofMillis(500);
    private static final int OUTSTANDING_MAX = 10_000;
    private static final String EMIT = "SELECT pg_logical_emit_message(true, ?, ?)";

    /// Whom the commit of a marker waits for.
    enum Commit {
        /// The active's own disk: then it can arrive.
        LOCAL("local"),
        /// What commits wait for on the active by its settings: its synchronous replicas too.
        REPLICATED("on");

        private final String setting;

        Commit(String setting) {
            this.setting = setting;
        }
    }

    private final Db active;
    private final String prefix;
    private final AtomicLong counter = new AtomicLong(System.nanoTime());
    private final Map<Long, CompletableFuture<@Nullable Void>> awaited = new ConcurrentHashMap<>();
    private final ConcurrentSkipListMap<Long, Long> outstanding = new ConcurrentSkipListMap<>();
    private volatile @Nullable Throwable failure;
    private final ScheduledExecutorService beats =
            Executors.newSingleThreadScheduledExecutor(
                    work -> Thread.ofPlatform().daemon().name("markers").unstarted(work));

    /// Markers of one stream and one owner: others are in the same WAL, and those of an earlier
    /// owner still in the log. The numbers of one owner only grow, from one object to the next too.
    Markers(Replication.Spec spec) {
        this.active = spec.active();
        this.prefix = "%s/%d/%d/".formatted(spec.run(), spec.stream(), spec.epoch());
    }

    /// Starts to measure, with a standby that may lack what the active had `behind` ago.
    void start(Duration behind, Consumer<Throwable> onFailure) {
        outstanding.put(counter.incrementAndGet(), System.nanoTime() - behind.toNanos());
        var _ =
                beats.scheduleWithFixedDelay(
                        () -> {
                            try {
                                emit();
                            } catch (RuntimeException e) {
                                onFailure.accept(e);
                            }
                        },
                        0,
                        BEAT.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    /// Writes a marker and returns its number.
    long emit() {
        long number = counter.incrementAndGet();
        // While none arrives, as during a copy, the oldest alone tells the lag.
        if (outstanding.size() < OUTSTANDING_MAX) {
            outstanding.put(number, System.nanoTime());
        }
        emit(number, Commit.LOCAL);
        return number;
    }

    private void emit(long number, Commit commit) {
        active.tx(session -> {
            session.run("SET LOCAL synchronous_commit = " + commit.setting);
            session.one(EMIT, Capture.markerPrefix(), prefix + number);
        });
    }

    /// What is not written does not arrive.
    private CompletableFuture<@Nullable Void> write(
            long number, Commit commit, CompletableFuture<@Nullable Void> arrival) {
        CompletableFuture<@Nullable Void> written = new CompletableFuture<>();
        var _ =
                Thread.ofVirtual()
                        .name("marker")
                        .start(() -> {
                            try {
                                emit(number, commit);
                                written.complete(null);
                            } catch (RuntimeException e) {
                                written.completeExceptionally(e);
                                arrival.completeExceptionally(e);
                            }
                        });
        return written;
    }

    /// Writes a marker and waits for it on the standby, and for the commit that wrote it, no longer
    /// than `atMost` for all: that may wait for a replica that is away.
    void await(Duration atMost, Commit commit) throws InterruptedException {
        long number = counter.incrementAndGet();
        CompletableFuture<@Nullable Void> arrival = new CompletableFuture<>();
        awaited.put(number, arrival);
        failFrom(failure);
        long end = System.nanoTime() + atMost.toNanos();
        try {
            CompletableFuture<@Nullable Void> written = write(number, commit, arrival);
            arrival.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            written.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw LockstepException.of(Objects.requireNonNull(e.getCause()), "the stream");
        } catch (TimeoutException e) {
            throw new LockstepException(
                    Fault.LOCK_TIMEOUT,
                    ("changes of database \"%s\" did not arrive within %d ms; the standby is "
                                    + "%d ms behind")
                            .formatted(active.label(), atMost.toMillis(), lag().toMillis()),
                    e);
        } finally {
            awaited.remove(number);
        }
    }

    /// The standby holds everything before this marker.
    void arrived(String text) {
        numberIn(text)
                .ifPresent(number -> {
                    outstanding.headMap(number, true).clear();
                    CompletableFuture<@Nullable Void> arrival = awaited.get(number);
                    if (arrival != null) {
                        arrival.complete(null);
                    }
                });
    }

    /// Empty for a marker of somebody else: applications may write whatever they want, under this
    /// name too.
    private OptionalLong numberIn(String text) {
        if (!text.startsWith(prefix)) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(Long.parseLong(text.substring(prefix.length())));
        } catch (NumberFormatException _) {
            return OptionalLong.empty();
        }
    }

    /// Whoever waits for a marker fails with `cause`, and so does who comes later: no marker will
    /// arrive any more.
    void fail(Throwable cause) {
        if (failure == null) {
            failure = cause;
        }
        failFrom(failure);
    }

    private void failFrom(@Nullable Throwable cause) {
        if (cause != null) {
            awaited.values().forEach(arrival -> arrival.completeExceptionally(cause));
        }
    }

    /// The age of the oldest marker that has not arrived.
    Duration lag() {
        Map.Entry<Long, Long> oldest = outstanding.firstEntry();
        return oldest == null
                ? Duration.ZERO
                : Duration.ofNanos(Math.max(0, System.nanoTime() - oldest.getValue()));
    }

    @Override
    public void close() {
        beats.shutdownNow();
    }
}
