package dev.lockstep.cdc.capture;

import dev.lockstep.plans.sql.Endpoint;
import java.util.Properties;

/// Debezium's settings: what it does must be exact or fail, and the slot is never made, moved or
/// dropped by it.
final class EngineProperties {
    /// After this much silence of ours the server ends its side, and the slot is free again.
    private static final int SILENCE_MAX_MS = 30_000;

    /// How many records the engine takes at once.
    static final int BATCH_MAX = 4096;

    private EngineProperties() {}

    static Properties of(Endpoint endpoint, String slot, int serverMajor) {
        Properties p = connection(endpoint, serverMajor);
        p.setProperty("name", slot);
        p.setProperty("connector.class", TappedConnector.class.getName());
        p.setProperty("topic.prefix", slot);
        p.setProperty("plugin.name", "pgoutput");
        p.setProperty("slot.name", slot);
        p.setProperty("slot.drop.on.stop", "false");
        p.setProperty("slot.max.retries", "3");
        p.setProperty("slot.retry.delay.ms", "2000");
        p.setProperty("publication.name", slot);
        p.setProperty("publication.autocreate.mode", "disabled");
        p.setProperty("snapshot.mode", "no_data");
        p.setProperty("table.include.list", PlainNames.TABLES);
        p.setProperty("provide.transaction.metadata", "true");
        p.setProperty("skipped.operations", "none");
        p.setProperty("tombstones.on.delete", "false");
        p.setProperty("event.converting.failure.handling.mode", "fail");
        p.setProperty("event.processing.failure.handling.mode", "fail");
        p.setProperty("include.unknown.datatypes", "true");
        p.setProperty("lsn.flush.mode", "connector");
        p.setProperty("lsn.flush.timeout.action", "fail");
        p.setProperty("status.update.interval.ms", "1000");
        p.setProperty("poll.interval.ms", "10");
        p.setProperty("max.batch.size", Integer.toString(BATCH_MAX));
        p.setProperty("max.queue.size", "16384");
        p.setProperty("statistics.metrics.enabled", "false");
        p.setProperty("errors.max.retries", "0");
        p.setProperty(
                "offset.storage", "org.apache.kafka.connect.storage.MemoryOffsetBackingStore");
        p.setProperty("offset.flush.interval.ms", "0");
        p.setProperty("internal.task.management.timeout.ms", "120000");
        return p;
    }

    private static Properties connection(Endpoint endpoint, int serverMajor) {
        Properties p = new Properties();
        p.setProperty("database.hostname", endpoint.host());
        p.setProperty("database.port", Integer.toString(endpoint.port()));
        p.setProperty("database.dbname", endpoint.database());
        p.setProperty("database.user", endpoint.user());
        p.setProperty("database.password", endpoint.password().reveal());
        endpoint.urlParameters()
                .forEach((key, value) -> p.setProperty("driver." + key, (String) value));
        p.setProperty(
                "driver.options",
                endpoint.options(serverMajor)
                        + " -c wal_sender_timeout="
                        + SILENCE_MAX_MS
                        + " -c idle_in_transaction_session_timeout="
                        + SILENCE_MAX_MS);
        return p;
    }
}
