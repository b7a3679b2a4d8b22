package dev.lockstep.cdc.capture;

import dev.lockstep.plans.fault.Check;
import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.PostgresConnectorTask;
import io.debezium.connector.postgresql.PostgresSchema;
import io.debezium.connector.postgresql.connection.Lsn;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.connector.postgresql.connection.ReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationStream;
import io.debezium.connector.postgresql.connection.WalPositionLocator;
import io.debezium.connector.postgresql.spi.SlotCreationResult;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.connect.source.SourceRecord;

/// Debezium's task, its replication stream led through a [RowTap]. The tap is found by a name in
/// the configuration, since Debezium makes the task itself.
public final class TappedTask extends PostgresConnectorTask {
    static final String TAP = "lockstep.tap";

    /// What is asked for only tells the engine what it may confirm; rows have gone another way.
    private static final Duration BREATH = Duration.ofMillis(50);

    private static final Map<String, RowTap> TAPS = new ConcurrentHashMap<>();

    private boolean gotFew;

    static {
        TypeRegistryRepair.apply();
        PlainNames.apply();
    }

    static void register(String name, RowTap tap) {
        TAPS.put(name, tap);
    }

    static void forget(String name) {
        TAPS.remove(name);
    }

    /// Debezium's queue waits in whole milliseconds and spins through what is left of the last one,
    /// which costs a tenth of a core where it is asked again at once.
    @Override
    public List<SourceRecord> doPoll() throws InterruptedException {
        if (gotFew) {
            LockSupport.parkNanos(BREATH.toNanos());
            if (Thread.interrupted()) {
                throw new InterruptedException("stopped");
            }
        }
        List<SourceRecord> records = super.doPoll();
        gotFew = records == null || records.size() < EngineProperties.BATCH_MAX;
        return records;
    }

    @Override
    @SuppressWarnings("deprecation")
    protected ReplicationConnection buildReplicationConnection(
            PostgresConnection jdbc, PostgresSchema schema, PostgresConnectorConfig config)
            throws SQLException {
        RowTap tap = TAPS.get(config.getConfig().getString(TAP));
        Check.that(tap != null, "no tap for %s", config.slotName());
        return new TappedConnection(
                super.buildReplicationConnection(jdbc, schema, config),
                java.util.Objects.requireNonNull(tap),
                schema);
    }

    @SuppressWarnings("try")
    private record TappedConnection(ReplicationConnection inner, RowTap tap, PostgresSchema schema)
            implements ReplicationConnection {
        @Override
        public ReplicationStream startStreaming(WalPositionLocator locator)
                throws SQLException, InterruptedException {
            return tapped(inner.startStreaming(locator));
        }

        @Override
        public ReplicationStream startStreaming(Lsn lsn, WalPositionLocator locator)
                throws SQLException, InterruptedException {
            return tapped(inner.startStreaming(lsn, locator));
        }

        private ReplicationStream tapped(ReplicationStream stream) {
            tap.opened();
            return new TappedStream(stream, tap, schema);
        }

        @Override
        public Optional<SlotCreationResult> createReplicationSlot() throws SQLException {
            return inner.createReplicationSlot();
        }

        @Override
        public void initConnection() throws SQLException, InterruptedException {
            inner.initConnection();
        }

        @Override
        public boolean isConnected() throws SQLException {
            return inner.isConnected();
        }

        @Override
        public void reconnect() throws SQLException {
            inner.reconnect();
        }

        @Override
        public void close() throws Exception {
            inner.close();
        }
    }
}
