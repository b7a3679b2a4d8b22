package dev.lockstep.orchestrator.conduct;

import dev.lockstep.cdc.Replication;
import dev.lockstep.cdc.StreamProgress;
import dev.lockstep.cdc.backfill.TableProgress;
import dev.lockstep.orchestrator.run.Note;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.orchestrator.stage.WalBudget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks at a run twice a second on a thread of its own: tells the watcher, leaves a note for
/// `status`, keeps an eye on the WAL that the active side retains.
final class Reporter implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Reporter.class);
    private static final Duration EVERY = Duration.ofMillis(500);
    private static final int NOTE_EVERY = 2;
    private static final Duration TROUBLE_MIN = Duration.ofSeconds(10);

    private final Conductor conductor;
    private final Watcher watcher;
    private final ScheduledExecutorService looks =
            Executors.newSingleThreadScheduledExecutor(
                    work -> Thread.ofPlatform().daemon().name("reporter").unstarted(work));
    private final WalBudget budget;
    private volatile @Nullable String trouble;
    private volatile long troubleAt;
    private long looked;
    private int stream;
    private long captured;
    private long applied;
    private long lagMillis;
    private boolean lagIsNoted;
    private long retainedWal;

    Reporter(Conductor conductor, Watcher watcher) {
        this.conductor = conductor;
        this.watcher = watcher;
        this.budget = new WalBudget(conductor.run().plan().limits().retainedWalBytes());
    }

    /// Starts to look; `besides` is done each time, too.
    void start(Runnable besides) {
        var _ =
                looks.scheduleWithFixedDelay(
                        () -> {
                            attempt(this::look);
                            attempt(besides);
                        },
                        0,
                        EVERY.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    /// Only a report; what is wrong shows where the work is done.
    private static void attempt(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            log.atDebug().setCause(e).log("no report");
        }
    }

    private void look() {
        if (conductor.state() instanceof RunState.Copying) {
            tellCopy(conductor.copyProgress());
        }
        Optional<Replication> streaming = conductor.streaming();
        streaming.ifPresent(this::tellStream);
        if (looked++ % NOTE_EVERY == 0) {
            streaming.ifPresent(this::watchWal);
            if (streaming.isPresent() && isOver()) {
                trouble = null;
            }
            if (streaming.isPresent() || trouble != null || lagIsNoted) {
                Long lag = streaming.isPresent() ? lagMillis : null;
                String doing = conductor.doing().orElse(null);
                Run run = conductor.run();
                new Note(
                                run.epoch(),
                                stream,
                                captured,
                                applied,
                                lag,
                                retainedWal,
                                logBytes(),
                                trouble,
                                doing)
                        .leave(run.target(), run.name());
                lagIsNoted = lag != null;
            }
        }
    }

    private void tellStream(Replication streaming) {
        StreamProgress progress = streaming.progress();
        stream = streaming.spec().stream();
        captured = progress.captured();
        applied = progress.applied();
        lagMillis = progress.lag().toMillis();
        watcher.streaming(captured, applied, lagMillis);
    }

    private void watchWal(Replication streaming) {
        retainedWal = streaming.watchSlot();
        budget.look(retainedWal, conductor.run().clock().instant()).ifPresent(streaming::fail);
    }

    private long logBytes() {
        Path folder = Run.brokerFolder(conductor.run().folder());
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".log"))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        } catch (IOException | UncheckedIOException e) {
            // The broker is elsewhere, or removes a file just now.
            return 0;
        }
    }

    /// What the work waits for to pass. It has passed when a stream flows for a while.
    void tellTrouble(String what) {
        troubleAt = System.nanoTime();
        trouble = what;
    }

    private boolean isOver() {
        return System.nanoTime() - troubleAt > TROUBLE_MIN.toNanos();
    }

    private void tellCopy(List<TableProgress> tables) {
        watcher.copying(
                tables.stream().mapToLong(TableProgress::rowsCopied).sum(),
                tables.stream().mapToLong(TableProgress::rowsEstimated).sum(),
                tables.stream().mapToInt(TableProgress::chunksDone).sum(),
                tables.stream().mapToInt(TableProgress::chunksTotal).sum());
    }

    @Override
    public void close() {
        looks.shutdownNow();
    }
}
