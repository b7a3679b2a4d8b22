package dev.lockstep.cdc;

import java.util.Map;

/// How to reach the change log's Kafka.
///
/// @param client properties for every Kafka client, secrets among them
/// @param ownBroker whether it is the one broker inside this process
public record KafkaAccess(Map<String, String> client, boolean ownBroker) {
    public KafkaAccess {
        client = Map.copyOf(client);
    }

    @Override
    public String toString() {
        return "KafkaAccess[" + client.get("bootstrap.servers") + "]";
    }
}
