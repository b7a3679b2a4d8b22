package dev.lockstep.cdc.capture;

import io.debezium.connector.postgresql.PostgresConnector;
import org.apache.kafka.connect.connector.Task;

/// Debezium's PostgreSQL connector with a [RowTap] in its replication stream. Public with a public
/// constructor because Debezium makes it by name.
public final class TappedConnector extends PostgresConnector {
    @Override
    public Class<? extends Task> taskClass() {
        return TappedTask.class;
    }
}
