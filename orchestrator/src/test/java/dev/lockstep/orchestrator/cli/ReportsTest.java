package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.orchestrator.run.Json;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Secret;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What verifications and switches leave behind for people.
class ReportsTest {
    private static final String TABLES =
            """
            CREATE TABLE "<script>x</script>" (id int PRIMARY KEY, name text, secret text);
            CREATE SEQUENCE counter;
            """;
    private static final String MORE =
            """
            schema: { copy: none }
            verify: { mask: ["*.secret"], max-age: 1h }
            %s
            """;

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        pair.close();
    }

    /// The servers of tests take any password.
    private static Endpoint withPassword(Db db) {
        return new Endpoint(
                db.endpoint().url(),
                db.endpoint().user(),
                new Secret("hush-hush-" + db.hashCode()));
    }

    private Move move(String more) {
        return Move.of(folder, withPassword(source), withPassword(target), MORE.formatted(more));
    }

    private static List<Path> files(Path reports, String ending) throws IOException {
        try (Stream<Path> files = Files.list(reports)) {
            return files.filter(f -> f.toString().endsWith(ending)).sorted().toList();
        }
    }

    private static JsonNode last(Path reports, String ending) throws IOException {
        return Json.tree(Files.readString(files(reports, ending).getLast()));
    }

    @Test
    void eachVerificationAndSwitchIsReported() throws Exception {
        pair.onBoth(TABLES);
        Pair.run(
                source,
                "INSERT INTO \"<script>x</script>\" VALUES (1, 'a', 'hidden-a'), (2, 'b', NULL);"
                        + " SELECT setval('counter', 500)");
        Move move = move("cutover: { max-pause: 5s, max-lag: 60s }");
        move.told("run", "--until", "in-step").done();
        Path reports = folder.resolve("lockstep-reports").resolve(move.name());
        tellsOfTheFirstVerification(move, last(reports, "verification.json"));
        Pair.run(
                target,
                "SET session_replication_role = replica; UPDATE \"<script>x</script>\""
                        + " SET name = 'other', secret = 'hidden-b' WHERE id = 1");
        move.told("validate").refused(3, "DIFFERENT", "differs in name");
        JsonNode mismatch = last(reports, "verification.json");
        assertThat(mismatch.path("verdict").asText()).isEqualTo("mismatch");
        assertThat(mismatch.path("firstDifferences").get(0).asText()).contains("'a'", "'other'");
        assertThat(mismatch.path("about").path("askedBy").asText())
                .startsWith("validate, by " + System.getProperty("user.name"));
        move.told("validate", "--repair").done();
        move.told("cutover").done();
        tellsOfTheSwitch(last(reports, "switch.json"));
        tellsWhyASwitchWasUndone(move, reports);
        move.told("rollback").done();
        move.told("abort").done();
        assertThat(files(reports, ".html")).hasSameSizeAs(files(reports, ".json"));
        try (Stream<Path> all = Files.list(reports)) {
            assertThat(all).allSatisfy(ReportsTest::holdsNoSecretAndNoTag);
        }
    }

    private void tellsOfTheFirstVerification(Move move, JsonNode report) throws Exception {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(move.plan()));
        JsonNode about = report.path("about");
        assertThat(about.path("planHash").asText()).isEqualTo(HexFormat.of().formatHex(hash));
        assertThat(about.path("askedBy").asText()).isEqualTo("the run itself");
        assertThat(about.path("source").path("label").asText()).isEqualTo(source.label());
        assertThat(about.path("target").path("server").asText()).startsWith("18");
        assertThat(about.path("settings").path("verify.mask").asText()).isEqualTo("*.secret");
        assertThat(report.path("verdict").asText()).isEqualTo("match");
        assertThat(report.path("cut").asText()).contains("/");
        JsonNode table = report.path("compared").get(0);
        assertThat(table.path("rows").asInt()).isEqualTo(2);
        assertThat(table.path("hashes").asText())
                .isEqualTo(table.path("standbyHashes").asText())
                .hasSizeGreaterThan(10);
    }

    private static void tellsOfTheSwitch(JsonNode report) {
        assertThat(report.path("outcome").asText()).isEqualTo("done");
        assertThat(report.path("to").asText()).isEqualTo("target");
        assertThat(report.path("pauseMillis").asDouble()).isPositive();
        assertThat(report.path("steps").findValuesAsText("step"))
                .containsExactly(
                        "prepare",
                        "look",
                        "drain",
                        "sequences",
                        "intend",
                        "fence",
                        "open",
                        "move",
                        "outcome",
                        "turn",
                        "end");
        assertThat(report.path("proof").path("verdict").asText()).isEqualTo("match");
        assertThat(report.path("positions").path("source").asText()).contains("/");
        JsonNode sequence = report.path("sequences").get(0);
        assertThat(sequence.path("sequence").asText()).isEqualTo("public.counter");
        assertThat(sequence.path("lastValue").asLong()).isGreaterThanOrEqualTo(500);
    }

    private void tellsWhyASwitchWasUndone(Move move, Path reports) throws IOException {
        try (Session writer = target.session("writer")) {
            writer.begin();
            writer.run(
                    "LOCK TABLE \"<script>x</script>\" IN ROW EXCLUSIVE MODE"
                            .replace("\"<", "public.\"<"));
            assertThat(move.told("rollback").exit()).isEqualTo(1);
        }
        JsonNode undone = last(reports, "switch.json");
        assertThat(undone.path("outcome").asText()).isEqualTo("undone");
        assertThat(undone.path("reason").asText()).contains("could not be held");
        assertThat(undone.path("pauseMillis").isNull()).isTrue();
    }

    private static void holdsNoSecretAndNoTag(Path file) throws IOException {
        String text = Files.readString(file);
        assertThat(text).doesNotContain("hush", "hidden");
        if (file.toString().endsWith(".html")) {
            assertThat(text).doesNotContain("<script");
        }
        if (file.toString().endsWith("verification.html")) {
            assertThat(text).contains("&lt;script&gt;x");
        }
    }

    @Test
    void aFolderThatCannotBeWrittenFailsNothing() throws IOException {
        pair.onBoth(TABLES);
        Files.writeString(folder.resolve("taken"), "a file");
        Move move = move("reports: taken/deeper");
        move.told("run", "--until", "in-step").done();
        move.told("cutover").done();
        move.told("complete").done();
        assertThat(Files.readString(folder.resolve("taken"))).isEqualTo("a file");
    }
}
