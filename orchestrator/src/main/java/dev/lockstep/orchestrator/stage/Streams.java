package dev.lockstep.orchestrator.stage;

import dev.lockstep.cdc.Remains;
import dev.lockstep.cdc.Replication;
import dev.lockstep.cdc.apply.Route;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Lsn;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Makes the streams of a run. Stream 0 goes from source to target, each next one the other way.
public final class Streams {
    private static final String SNAPSHOTS =
            """
            SELECT schema_name, table_name, snapshot_lsn FROM lockstep.copy_table
             WHERE run = ? AND snapshot_lsn IS NOT NULL\
            """;

    private Streams() {}

    /// The active side of a stream.
    public static Side active(int stream) {
        return stream % 2 == 0 ? Side.SOURCE : Side.TARGET;
    }

    /// The stream, neither capturing nor applying yet.
    public static Replication open(Run run, Moved moved, int stream) {
        Side active = active(stream);
        return new Replication(
                new Replication.Spec(
                        run.name(),
                        stream,
                        run.epoch(),
                        run.db(active),
                        run.db(active.other()),
                        routes(run, moved, stream),
                        run.kafka()));
    }

    /// Makes the stream of the other direction and starts to capture. What a switch that was undone
    /// left of it says nothing about this one.
    public static Replication prepareNext(Run run, Moved moved, int stream) {
        remove(run, stream);
        Replication next = open(run, moved, stream);
        try {
            next.prepare();
            next.startCapture();
            return next;
        } catch (RuntimeException e) {
            next.close();
            throw e;
        }
    }

    /// Where the stream's changes go.
    public static List<Route> routes(Run run, Moved moved, int stream) {
        return moved.routes(active(stream), stream == 0 ? copiedAt(run) : Map.of());
    }

    /// Removes what a stream left in the databases and in Kafka, unless it is a later owner's.
    public static void remove(Run run, int stream) {
        if (stream >= 0) {
            run.requireLease();
            Side active = active(stream);
            Remains.remove(
                    new Remains.Owned(run.name(), stream, run.epoch()),
                    run.db(active),
                    run.db(active.other()),
                    run.kafka());
        }
    }

    private static Map<TableName, Lsn> copiedAt(Run run) {
        Map<TableName, Lsn> found = new HashMap<>();
        run.target()
                .call(session ->
                        session.rows(
                                SNAPSHOTS,
                                row ->
                                        found.put(
                                                new TableName(
                                                        row.text("schema_name"),
                                                        row.text("table_name")),
                                                row.lsn("snapshot_lsn")),
                                run.name()));
        return found;
    }
}
