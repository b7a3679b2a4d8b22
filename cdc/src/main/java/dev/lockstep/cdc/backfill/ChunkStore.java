package dev.lockstep.cdc.backfill;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Check;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.plans.sql.Session;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What is planned and what is done, in the standby beside the rows themselves. Every method works
/// in the transaction of its caller.
final class ChunkStore {
    /// The copy stops when another process has taken the run over. FOR KEY SHARE lets the lease be
    /// renewed while a chunk is on its way, which FOR SHARE would not. A new owner raises the epoch
    /// with a statement that takes FOR UPDATE, so it waits for the chunks that passed this check.
    private static final String FENCE =
            """
            SELECT 1 FROM lockstep.lease
             WHERE run = ? AND epoch = ? AND NOT released
               FOR KEY SHARE\
            """;

    private static final String PLANNED =
            "SELECT schema_name, table_name FROM lockstep.copy_table WHERE run = ?";

    private static final String ADD_TABLE =
            """
            INSERT INTO lockstep.copy_table (run, schema_name, table_name, rows_estimated)
            VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING\
            """;

    private static final String ADD_CHUNK =
            """
            INSERT INTO lockstep.chunk
                   (run, schema_name, table_name, chunk, from_key, until_key)
            VALUES (?, ?, ?, ?, ?, ?)\
            """;

    /// Large tables come first, so that the end of the copy is not one worker with the largest.
    private static final String PENDING =
            """
            SELECT c.schema_name, c.table_name, c.chunk, c.from_key, c.until_key
              FROM lockstep.chunk c JOIN lockstep.copy_table t USING (run, schema_name, table_name)
             WHERE c.run = ? AND c.rows IS NULL
             ORDER BY t.rows_estimated DESC, c.schema_name, c.table_name, c.chunk\
            """;

    private static final String CLAIM =
            """
            SELECT rows IS NULL AS pending FROM lockstep.chunk
             WHERE run = ? AND schema_name = ? AND table_name = ? AND chunk = ?
               FOR UPDATE\
            """;

    private static final String FINISH =
            """
            UPDATE lockstep.chunk SET rows = ?
             WHERE run = ? AND schema_name = ? AND table_name = ? AND chunk = ?
               AND rows IS NULL\
            """;

    private static final String SET_POSITION =
            """
            UPDATE lockstep.copy_table SET snapshot_lsn = ?
             WHERE run = ? AND schema_name = ? AND table_name = ?\
            """;

    private final String run;
    private final long epoch;

    ChunkStore(String run, long epoch) {
        this.run = run;
        this.epoch = epoch;
    }

    /// Refuses to go on unless the run still is this owner's; holds until the transaction ends.
    void fence(Session standby) {
        if (standby.row(FENCE, row -> row.integer("?column?"), run, epoch).isEmpty()) {
            throw new LockstepException(
                    Fault.LEASE_LOST,
                    "the copy of run \"%s\" stops: its lease in \"%s\" is not epoch %d any more;"
                                    .formatted(run, standby.label(), epoch)
                            + " another process brings the run forward");
        }
    }

    Set<TableName> planned(Session standby) {
        return new HashSet<>(standby.rows(PLANNED, ChunkStore::name, run));
    }

    /// Books a table and its chunks; false where that was done before.
    boolean add(Session standby, ChunkPlanner.Planned plan) {
        TableName table = plan.table().name();
        long added = standby.update(ADD_TABLE, run, table.schema(), table.name(), plan.rows());
        if (added == 0) {
            return false;
        }
        for (Chunk chunk : plan.chunks()) {
            standby.update(
                    ADD_CHUNK,
                    run,
                    table.schema(),
                    table.name(),
                    chunk.number(),
                    bound(chunk.from()),
                    bound(chunk.until()));
        }
        return true;
    }

    List<Chunk> pending(Session standby) {
        return standby.rows(
                PENDING,
                row ->
                        new Chunk(
                                name(row),
                                row.integer("chunk"),
                                row.texts("from_key"),
                                row.texts("until_key")),
                run);
    }

    /// Takes a chunk for this transaction; false where it is done. A transaction whose commit was
    /// not answered may have made it so, or may be under way still: then this waits for its end.
    boolean claim(Session standby, Chunk chunk) {
        TableName table = chunk.table();
        Optional<Boolean> pending =
                standby.row(
                        CLAIM,
                        row -> row.flag("pending"),
                        run,
                        table.schema(),
                        table.name(),
                        chunk.number());
        Check.that(pending.isPresent(), "%s is not planned", chunk);
        return pending.orElseThrow();
    }

    void finish(Session standby, Chunk chunk, long rows) {
        TableName table = chunk.table();
        long hit = standby.update(FINISH, rows, run, table.schema(), table.name(), chunk.number());
        Check.that(hit == 1, "%s was finished twice", chunk);
    }

    void setPosition(Session standby, TableName table, Lsn position) {
        long hit = standby.update(SET_POSITION, position, run, table.schema(), table.name());
        Check.that(hit == 1, "%s is not planned", table);
    }

    private static String @Nullable [] bound(List<String> key) {
        return key.isEmpty() ? null : key.toArray(String[]::new);
    }

    private static TableName name(Row row) throws SQLException {
        return new TableName(row.text("schema_name"), row.text("table_name"));
    }
}
