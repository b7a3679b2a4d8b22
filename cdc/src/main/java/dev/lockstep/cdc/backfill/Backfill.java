package dev.lockstep.cdc.backfill;

import dev.lockstep.plans.catalog.Catalog;
import dev.lockstep.plans.catalog.Key;
import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Check;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.SqlStates;
import dev.lockstep.plans.work.TaskGroup;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings the rows that are there into the standby. What is done is noted in the standby's own
/// tables, so a new object, in this process or another, goes on where an earlier one stopped.
@SuppressWarnings("InlineFormatString") // statements stand at the top
public final class Backfill {
    private static final Logger LOG = LoggerFactory.getLogger(Backfill.class);
    private static final String HAS_ROWS = "SELECT EXISTS (SELECT FROM ONLY %s)";

    /// Some half a minute in all: enough for a server that restarts.
    private static final int ATTEMPTS_MAX = 8;

    private final Db active;
    private final Db standby;
    private final BackfillSettings settings;
    private final List<CopyTable> tables;
    private final ChunkStore store;
    private final Pace pace;
    private final Retry retry =
            Retry.of(
                    "chunk",
                    RetryConfig.custom()
                            .maxAttempts(ATTEMPTS_MAX)
                            .intervalFunction(
                                    IntervalFunction.ofExponentialRandomBackoff(
                                            Duration.ofMillis(200),
                                            2.0,
                                            0.5,
                                            Duration.ofSeconds(10)))
                            .retryOnException(Backfill::mayWorkNextTime)
                            .build());
    private ChunkListener listener = ChunkListener.NONE;
    private Duration snapshotPatience = Duration.ofSeconds(60);

    /// @param standby also holds the notes on what is done
    public Backfill(Db active, Db standby, BackfillSettings settings, List<CopyTable> tables) {
        this.active = active;
        this.standby = standby;
        this.settings = settings;
        this.tables = List.copyOf(tables);
        this.store = new ChunkStore(settings.run(), settings.epoch());
        this.pace = new Pace(settings.rowsPerSecond(), System::nanoTime);
    }

    /// Who is told of chunks from now on.
    public void listenWith(ChunkListener newListener) {
        listener = newListener;
    }

    /// How long a table without a key waits for other transactions to end.
    void waitForSnapshots(Duration atMost) {
        snapshotPatience = atMost;
    }

    /// Sets another rate for all workers together, empty for none; at once.
    public void throttle(OptionalLong rowsPerSecond) {
        pace.change(rowsPerSecond);
    }

    /// Cuts the tables that were not cut before, and books their chunks. A table of the standby
    /// that is missing, lacks a column or holds rows is refused.
    public void plan() {
        int fitting = statements().size();
        Check.that(fitting == tables.size(), "a table of the copy is listed twice");
        Set<TableName> planned = standby.call(store::planned);
        try (Session reader = active.brief("copy plan")) {
            ChunkPlanner planner = new ChunkPlanner(reader, settings);
            for (CopyTable table : tables) {
                if (!planned.contains(table.name())) {
                    book(planner.plan(table));
                }
            }
        }
    }

    /// The table is looked at in the transaction that books it, and no chunk is copied before that.
    private void book(ChunkPlanner.Planned plan) {
        String there = plan.table().standby().sql();
        standby.tx(session -> {
            store.fence(session);
            if (store.add(session, plan) && session.flag(HAS_ROWS.formatted(there))) {
                throw new LockstepException(
                        Fault.PRECONDITION,
                        "table \"%s\" of database \"%s\" is not empty; the copy would mix its rows"
                                        .formatted(plan.table().standby(), standby.label())
                                + " with those of \"%s\": empty it, then run again"
                                        .formatted(plan.table().name()));
            }
        });
    }

    /// Copies what is not done; true when everything is. Once `stop` says so, workers finish the
    /// chunk that they have and take no other.
    public boolean copyAll(BooleanSupplier stop) {
        Map<TableName, CopyStatements> statements = statements();
        List<Chunk> pending =
                standby.call(store::pending).stream()
                        .filter(chunk -> statements.containsKey(chunk.table()))
                        .toList();
        Queue<Chunk> queue = new ConcurrentLinkedQueue<>(pending);
        int workers = Math.min(settings.workers(), pending.size());
        try (TaskGroup tasks = TaskGroup.named("copy")) {
            for (int i = 1; i <= workers; i++) {
                tasks.fork("worker-" + i, () -> work(queue, statements, stop));
            }
            tasks.joinOrThrow();
        }
        return queue.isEmpty();
    }

    /// How far every table is, as far as committed.
    public List<TableProgress> progress() {
        return standby.call(session -> TableProgress.read(session, settings.run()));
    }

    private void work(
            Queue<Chunk> queue, Map<TableName, CopyStatements> statements, BooleanSupplier stop)
            throws InterruptedException {
        try (ChunkCopier copier =
                new ChunkCopier(active, standby, settings, listener, snapshotPatience)) {
            while (pace.await(stop)) {
                Chunk chunk = queue.poll();
                if (chunk == null) {
                    return;
                }
                CopyStatements own = Objects.requireNonNull(statements.get(chunk.table()));
                long rows = retry.executeSupplier(() -> copier.copy(own, chunk));
                LOG.atDebug().addKeyValue("chunk", chunk).addKeyValue("rows", rows).log("copied");
                listener.afterCommit(chunk);
                pace.spend(rows);
            }
        }
    }

    private Map<TableName, CopyStatements> statements() {
        Catalog there;
        try (Session session = standby.brief("copy plan")) {
            there = Catalog.read(session, Scope.ALL);
        }
        Map<TableName, CopyStatements> statements = new HashMap<>();
        try (Session session = active.brief("copy plan")) {
            for (CopyTable table : tables) {
                Optional<Key> key = table.active().changeKey();
                Optional<KeyOrder> order =
                        key.flatMap(k -> KeyOrder.of(session, table.active(), k));
                Table target = there.table(table.standby()).orElseThrow(() -> missing(table));
                statements.put(table.name(), CopyStatements.of(table, order, target));
            }
        }
        return statements;
    }

    private LockstepException missing(CopyTable table) {
        return new LockstepException(
                Fault.PRECONDITION,
                "table \"%s\", where the rows of \"%s\" are to go, is not in \"%s\"; create"
                                .formatted(table.standby(), table.name(), standby.label())
                        + " it, or let `schema.copy: auto` do so");
    }

    /// An interrupt cuts connections, which is no reason to try again.
    private static boolean mayWorkNextTime(Throwable failure) {
        return SqlStates.isTransient(failure) && !Thread.currentThread().isInterrupted();
    }
}
