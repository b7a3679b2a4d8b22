package dev.lockstep.cdc;

import dev.lockstep.cdc.log.EmbeddedBroker;
import java.util.Map;
import java.util.Optional;

/// How to reach the change log's Kafka.
///
/// @param client properties for every Kafka client, secrets among them
/// @param broker the one broker, where it is inside this process
public record KafkaAccess(Map<String, String> client, Optional<EmbeddedBroker> broker) {
    public KafkaAccess {
        client = Map.copyOf(client);
    }

    /// To a cluster somewhere.
    public static KafkaAccess to(Map<String, String> client) {
        return new KafkaAccess(client, Optional.empty());
    }

    /// To the one broker inside this process.
    public static KafkaAccess to(EmbeddedBroker broker) {
        return new KafkaAccess(
                Map.of("bootstrap.servers", broker.bootstrapServers()), Optional.of(broker));
    }

    /// Whether the broker is inside this process.
    boolean isOwn() {
        return broker.isPresent();
    }

    /// Starts the broker again if it is inside this process and has given up.
    public void revive() {
        broker.ifPresent(EmbeddedBroker::revive);
    }

    @Override
    public String toString() {
        return "KafkaAccess[" + client.get("bootstrap.servers") + "]";
    }
}
