package dev.lockstep.plans.plan;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Reads `kafka`. Of its client properties only the names are shown: many hold secrets.
final class KafkaReader {
    private static final String KEY = "kafka";
    private static final String SERVERS = "bootstrap.servers";
    private static final String EXPECTED =
            "embedded, or the client properties of a cluster with " + SERVERS;
    private static final String SERVERS_EXPECTED = "servers like \"kafka1:9092,kafka2:9092\"";
    private static final Pattern SERVER_LIST =
            Pattern.compile("(SERVER)(\\s*,\\s*SERVER)*".replace("SERVER", "[^\\s,]+:[0-9]{1,5}"));

    private KafkaReader() {}

    static Plan.Kafka read(Section plan) {
        if (!plan.has(KEY) || plan.node(KEY).orElseThrow() instanceof Node.Text) {
            plan.value(KEY, EXPECTED, t -> Optional.of(t).filter("embedded"::equals));
            return new Plan.Kafka.Embedded();
        }
        Map<String, String> properties = new LinkedHashMap<>();
        plan.openSection(KEY, EXPECTED)
                .ifPresent(section -> {
                    for (String key : section.keys()) {
                        property(section, key).ifPresent(text -> properties.put(key, text.value()));
                    }
                    if (section.require(SERVERS, SERVERS_EXPECTED)) {
                        section.value(SERVERS, SERVERS_EXPECTED, KafkaReader::servers);
                    }
                });
        return new Plan.Kafka.External(properties);
    }

    private static Optional<Node.Text> property(Section section, String key) {
        Node node = section.node(key).orElseThrow();
        if (node instanceof Node.Nothing) {
            // The key is not told: it may be the rest of a password with a comma in it.
            section.report(
                    node.line(),
                    "kafka has a word without a value, expected quotes around a text with a comma");
            return Optional.empty();
        }
        // A list of servers is told once, by the check of their form.
        return node instanceof Node.Text || !key.equals(SERVERS)
                ? section.text(key, "a text or a number")
                : Optional.empty();
    }

    private static Optional<String> servers(String text) {
        return Optional.of(text).filter(t -> SERVER_LIST.matcher(t).matches());
    }
}
