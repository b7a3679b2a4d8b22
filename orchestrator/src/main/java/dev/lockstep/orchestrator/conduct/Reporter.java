package dev.lockstep.orchestrator.conduct;

import dev.lockstep.cdc.Replication;
import dev.lockstep.cdc.backfill.TableProgress;
import dev.lockstep.orchestrator.run.Json;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.Watcher;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks at a run twice a second on a thread of its own: tells the watcher, leaves a note for
/// `status`, keeps an eye on the WAL that the active side retains.
final class Reporter implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Reporter.class);
    private static final Duration EVERY = Duration.ofMillis(500);
    private static final int NOTE_EVERY = 2;

    private static final String NOTE =
            """
            INSERT INTO lockstep.progress AS p (run, body) VALUES (?, ?::jsonb)
            ON CONFLICT (run) DO UPDATE SET at = now(), body = excluded.body\
            """;

    private final Conductor conductor;
    private final Watcher watcher;
    private final ScheduledExecutorService looks =
            Executors.newSingleThreadScheduledExecutor(
                    work -> Thread.ofPlatform().daemon().name("reporter").unstarted(work));
    private final WalBudget budget;
    private long looked;

    /// What `status` reads of a process that works on a run.
    public record Note(long captured, long applied, long lagMillis, long retainedWalBytes) {}

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
        if (streaming.isEmpty()) {
            return;
        }
        Replication.Progress progress = streaming.get().progress();
        watcher.streaming(progress.captured(), progress.applied(), progress.lag().toMillis());
        if (looked++ % NOTE_EVERY == 0) {
            long retainedWal = streaming.get().retainedWal().orElse(0L);
            budget.look(retainedWal, conductor.run().clock().instant())
                    .ifPresent(streaming.get()::fail);
            note(
                    new Note(
                            progress.captured(),
                            progress.applied(),
                            progress.lag().toMillis(),
                            retainedWal));
        }
    }

    private void tellCopy(List<TableProgress> tables) {
        watcher.copying(
                tables.stream().mapToLong(TableProgress::rowsCopied).sum(),
                tables.stream().mapToLong(TableProgress::rowsEstimated).sum(),
                tables.stream().mapToInt(TableProgress::chunksDone).sum(),
                tables.stream().mapToInt(TableProgress::chunksTotal).sum());
    }

    private void note(Note note) {
        conductor
                .run()
                .target()
                .tx(session -> session.update(NOTE, conductor.run().name(), Json.write(note)));
    }

    @Override
    public void close() {
        looks.shutdownNow();
    }
}
