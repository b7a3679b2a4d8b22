package dev.lockstep.cdc.backfill;

import dev.lockstep.cdc.session.CopyPipe;
import dev.lockstep.cdc.session.ReplicaRole;
import dev.lockstep.plans.catalog.TableFiles;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.SqlStates;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/// Copies one chunk at a time. Belongs to one worker, and keeps its two sessions from chunk to
/// chunk until something fails.
final class ChunkCopier implements AutoCloseable {
    /// For a lock of a transaction that nobody ends.
    private static final int SNAPSHOTS_MAX = 20;

    private static final Set<String> CONFLICTS =
            Set.of(SqlStates.UNIQUE_VIOLATION, SqlStates.EXCLUSION_VIOLATION);

    private final Db active;
    private final Db standby;
    private final ChunkStore store;
    private final ChunkListener listener;
    private final Duration snapshotPatience;
    private @Nullable Session reader;
    private @Nullable Session writer;

    ChunkCopier(
            Db active,
            Db standby,
            BackfillSettings settings,
            ChunkListener listener,
            Duration snapshotPatience) {
        this.active = active;
        this.standby = standby;
        this.store = new ChunkStore(settings.run(), settings.epoch());
        this.listener = listener;
        this.snapshotPatience = snapshotPatience;
    }

    /// Copies the chunk unless that is done, and returns how many rows it brought.
    ///
    /// A unique or exclusion constraint of the standby may be hit though the active database keeps
    /// it at every moment, as two chunks saw two moments: a value moved from a row of one to a row
    /// of the other in between. Then the row that does not fit is left out. One of the two rows was
    /// changed or deleted since the slot was made, so the replay brings both into step. A chunk
    /// without bounds is a whole table at one moment, and its conflict is a true one.
    long copy(CopyStatements statements, Chunk chunk) {
        try {
            return attempt(statements, chunk, false);
        } catch (LockstepException e) {
            boolean whole = chunk.from().isEmpty() && chunk.until().isEmpty();
            if (whole || SqlStates.of(e).filter(CONFLICTS::contains).isEmpty()) {
                throw e;
            }
            return attempt(statements, chunk, true);
        }
    }

    private long attempt(CopyStatements statements, Chunk chunk, boolean merging) {
        boolean clean = false;
        try {
            long rows =
                    statements.isExact()
                            ? exactly(statements, chunk)
                            : ranged(statements, chunk, merging);
            clean = true;
            return rows;
        } finally {
            if (!clean) {
                abort();
            }
        }
    }

    /// The snapshot comes first: its slot waits for every transaction of the server that has
    /// written, and where both databases are on one server the standby's own would be among them.
    ///
    /// Whoever has truncated the table since has emptied it for older snapshots, too: what was
    /// deleted in between would be missed then. Nobody can once it is locked.
    private long exactly(CopyStatements statements, Chunk chunk) {
        TableName table = chunk.table();
        for (int attempt = 1; attempt <= SNAPSHOTS_MAX; attempt++) {
            TableFiles before = active.call(session -> TableFiles.of(session, List.of(table)));
            try (ExactSnapshot exact = ExactSnapshot.open(active, snapshotPatience)) {
                if (before.keep(exact.reader(), table)) {
                    return exactly(statements, chunk, exact);
                }
            }
        }
        throw new LockstepException(
                Fault.LOCK_TIMEOUT,
                ("table \"%s\" was truncated or rewritten (VACUUM FULL, CLUSTER, ALTER TABLE) %d"
                                + " times while its copy was about to begin; keep applications"
                                + " from it until it is copied")
                        .formatted(table, SNAPSHOTS_MAX));
    }

    private long exactly(CopyStatements statements, Chunk chunk, ExactSnapshot exact) {
        return inTransaction(
                chunk,
                to -> {
                    store.setPosition(to, chunk.table(), exact.position());
                    return pipe(
                            statements.read(chunk), exact.reader(), statements.write(), to, chunk);
                });
    }

    private long ranged(CopyStatements statements, Chunk chunk, boolean merging) {
        String read = statements.read(chunk);
        return inTransaction(
                chunk,
                to -> {
                    if (!merging) {
                        return pipe(read, reader(), statements.write(), to, chunk);
                    }
                    to.run(statements.createStage());
                    pipe(read, reader(), statements.writeToStage(), to, chunk);
                    return to.update(statements.mergeStage());
                });
    }

    private long inTransaction(Chunk chunk, ToLongFunction<Session> transfer) {
        Session to = writer();
        to.begin();
        store.fence(to);
        long rows = 0;
        if (store.claim(to, chunk)) {
            rows = transfer.applyAsLong(to);
            store.finish(to, chunk, rows);
        }
        to.commit();
        return rows;
    }

    private long pipe(String read, Session from, String write, Session to, Chunk chunk) {
        return new CopyPipe().run(from, read, to, write, () -> listener.afterRead(chunk));
    }

    private Session reader() {
        Session session = reader;
        if (session == null) {
            session = active.session("copy");
            reader = session;
            session.limitLockWaits();
        }
        return session;
    }

    private Session writer() {
        Session session = writer;
        if (session == null) {
            session = standby.session("copy");
            writer = session;
            ReplicaRole.enter(session);
        }
        return session;
    }

    /// Nobody knows what state the sessions are in; the next attempt opens new ones.
    private void abort() {
        Session from = reader;
        Session to = writer;
        reader = null;
        writer = null;
        if (from != null) {
            from.abort();
        }
        if (to != null) {
            to.abort();
        }
    }

    @Override
    public void close() {
        Session from = reader;
        Session to = writer;
        reader = null;
        writer = null;
        if (from != null) {
            from.close();
        }
        if (to != null) {
            to.close();
        }
    }
}
