package dev.lockstep.cdc.capture;

import io.debezium.connector.postgresql.PostgresSchema;
import io.debezium.connector.postgresql.connection.Lsn;
import io.debezium.connector.postgresql.connection.ReplicationMessage;
import io.debezium.connector.postgresql.connection.ReplicationStream;
import java.sql.SQLException;
import java.util.concurrent.ExecutorService;

/// A replication stream in which the tap sees every message first. Only begin and commit go on to
/// the engine, which needs them to confirm what was kept.
@SuppressWarnings("try")
final class TappedStream implements ReplicationStream {
    private final ReplicationStream inner;
    private final RowTap tap;
    private final PostgresSchema schema;

    TappedStream(ReplicationStream inner, RowTap tap, PostgresSchema schema) {
        this.inner = inner;
        this.tap = tap;
        this.schema = schema;
    }

    @Override
    public void read(ReplicationMessageProcessor onward) throws SQLException, InterruptedException {
        try {
            inner.read(tapped(onward));
        } catch (SQLException | RuntimeException e) {
            tap.broken(e);
            throw e;
        }
    }

    @Override
    public boolean readPending(ReplicationMessageProcessor onward)
            throws SQLException, InterruptedException {
        try {
            boolean read = inner.readPending(tapped(onward));
            if (!read) {
                tap.idle();
            }
            return read;
        } catch (SQLException | RuntimeException e) {
            tap.broken(e);
            throw e;
        }
    }

    private ReplicationMessageProcessor tapped(ReplicationMessageProcessor onward) {
        return message -> {
            tap.accept(message, inner.lastReceivedLsn(), schema);
            if (isTransactionBoundary(message)) {
                onward.process(message);
            }
        };
    }

    private static boolean isTransactionBoundary(ReplicationMessage message) {
        return message.getOperation() == ReplicationMessage.Operation.BEGIN
                || message.getOperation() == ReplicationMessage.Operation.COMMIT;
    }

    @Override
    public void flushLsn(Lsn lsn) throws SQLException {
        inner.flushLsn(lsn);
    }

    @Override
    public Lsn lastReceivedLsn() {
        return inner.lastReceivedLsn();
    }

    @Override
    public Lsn startLsn() {
        return inner.startLsn();
    }

    @Override
    public void startKeepAlive(ExecutorService service) {
        inner.startKeepAlive(service);
    }

    @Override
    public void stopKeepAlive() {
        inner.stopKeepAlive();
    }

    @Override
    public void close() throws Exception {
        inner.close();
    }
}
