package dev.lockstep.cdc.backfill;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Session;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// How far the copy of one table is; the name is the active database's.
public record TableProgress(
        TableName table, long rowsCopied, long rowsEstimated, int chunksDone, int chunksTotal) {
    private static final String READ =
            """
            SELECT t.schema_name, t.table_name, t.rows_estimated,
                   coalesce(sum(c.rows), 0)::bigint AS copied,
                   count(c.rows)::int AS done, count(*)::int AS total
              FROM lockstep.copy_table t
              JOIN lockstep.chunk c USING (run, schema_name, table_name)
             WHERE t.run = ?
             GROUP BY 1, 2, 3
             ORDER BY 1, 2\
            """;

    /// Reads it from the database that the rows go to; any process may.
    public static List<TableProgress> read(Session standby, String run) {
        return standby.rows(
                READ,
                row ->
                        new TableProgress(
                                new TableName(row.text("schema_name"), row.text("table_name")),
                                row.number("copied"),
                                row.number("rows_estimated"),
                                row.integer("done"),
                                row.integer("total")),
                run);
    }

    /// The active's tables that the run has begun to copy, which are those that it carries.
    public static Set<TableName> tables(Session standby, String run) {
        return read(standby, run).stream().map(TableProgress::table).collect(Collectors.toSet());
    }

    public boolean isDone() {
        return chunksDone == chunksTotal;
    }
}
