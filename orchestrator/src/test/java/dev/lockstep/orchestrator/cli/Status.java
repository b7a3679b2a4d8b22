package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/// What `status` tells: its JSON document, checked against the contract whenever it is read, and
/// its text.
record Status(JsonNode json, String text) {
    private static final List<String> STATES =
            List.of(
                    "planned",
                    "expanding",
                    "copying",
                    "catching-up",
                    "verifying",
                    "in-step",
                    "switching",
                    "contracting",
                    "completed",
                    "aborting",
                    "aborted",
                    "failed");

    static Status of(Move move) {
        Status status = new Status(json(move), move.told("status").done());
        status.checkContract(move);
        return status;
    }

    /// Whether a process has the run, and is in this state; in step, whether it carries changes.
    static boolean isAt(Move move, String state) {
        JsonNode now = json(move);
        return now.path("state").asText().equals(state)
                && (state.equals("in-step")
                        ? now.path("lagMillis").isNumber()
                        : of(move).isWorkedOn());
    }

    private static JsonNode json(Move move) {
        String json = move.told("status", "--json").done();
        try {
            return new ObjectMapper().readTree(json);
        } catch (JsonProcessingException e) {
            throw new AssertionError("no JSON: " + json, e);
        }
    }

    String state() {
        return json.path("state").asText();
    }

    String active() {
        return json.path("active").asText();
    }

    boolean isWorkedOn() {
        return text.lines().anyMatch(line -> line.matches("worked on by +process [0-9]+ on .*"));
    }

    private void checkContract(Move move) {
        assertThat(keys(json))
                .containsExactly(
                        "migration",
                        "state",
                        "paused",
                        "active",
                        "lagMillis",
                        "failure",
                        "tables",
                        "changes",
                        "retainedWalBytes",
                        "lastVerification",
                        "lastSwitch",
                        "alarms");
        assertThat(json.path("migration").textValue()).isEqualTo(move.name());
        assertThat(STATES).contains(state());
        assertThat(json.path("paused").isBoolean()).isTrue();
        assertThat(List.of("source", "target", "null")).contains(active());
        assertThat(json.path("lagMillis").isIntegralNumber() || json.path("lagMillis").isNull())
                .isTrue();
        assertThat(json.path("retainedWalBytes").isIntegralNumber()).isTrue();
        checkKeys(json.path("failure"), "fault", "message");
        assertThat(json.path("tables").isArray()).isTrue();
        for (JsonNode table : json.path("tables")) {
            checkKeys(table, "name", "rowsCopied", "rowsEstimated", "chunksDone", "chunksTotal");
            numbers(table, "rowsCopied", "rowsEstimated", "chunksDone", "chunksTotal");
        }
        checkKeys(json.path("changes"), "captured", "applied");
        numbers(json.path("changes"), "captured", "applied");
        checkVerification();
        checkSwitch();
        assertThat(json.path("alarms").isArray()).isTrue();
        json.path("alarms").forEach(alarm -> checkKeys(alarm, "at", "message"));
    }

    private void checkVerification() {
        JsonNode verification = json.path("lastVerification");
        checkKeys(verification, "verdict", "finishedAt", "differences");
        if (!verification.isNull()) {
            assertThat(verification.path("verdict").asText()).matches("match|mismatch");
            numbers(verification, "differences");
            isInstant(verification.path("finishedAt"));
        }
    }

    private void checkSwitch() {
        JsonNode last = json.path("lastSwitch");
        checkKeys(last, "from", "to", "pauseMillis", "at");
        if (!last.isNull()) {
            assertThat(last.path("from").asText()).isNotEqualTo(last.path("to").asText());
            isInstant(last.path("at"));
        }
    }

    private static void checkKeys(JsonNode node, String... keys) {
        if (!node.isNull()) {
            assertThat(keys(node)).containsExactlyInAnyOrder(keys);
        }
    }

    private static void isInstant(JsonNode node) {
        assertThat(node.asText()).matches(text -> Instant.parse(text).isAfter(Instant.EPOCH));
    }

    private static void numbers(JsonNode node, String... keys) {
        for (String key : keys) {
            assertThat(node.path(key).isIntegralNumber()).as("%s in %s", key, node).isTrue();
        }
    }

    private static List<String> keys(JsonNode node) {
        return node.properties().stream().map(Map.Entry::getKey).toList();
    }
}
