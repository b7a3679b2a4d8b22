package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.orchestrator.run.Json;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What changes while a switch is prepared is compared just before writes are held, and little of
/// it while they are. Source and target are on a server each.
class LastCutTest {
    private static final String SHOP = "CREATE TABLE item (id int PRIMARY KEY, n int)";
    private static final String PATIENT =
            "schema: { copy: none }\ncutover: { max-pause: 60s, max-lag: 60s }\n";

    private final Db source = PostgresServer.shared().database();
    private final Db target = PostgresServer.second().database();
    private final Pair pair = Pair.of(source, target);
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void fill() {
        pair.onBoth(SHOP);
        Pair.run(source, "INSERT INTO item SELECT i, 0 FROM generate_series(1, 500) i");
    }

    @AfterEach
    void drop() {
        PostgresServer.shared().drop(source);
        PostgresServer.second().drop(target);
    }

    @Test
    void aSwitchTellsWhatItComparedWhileWritesWereHeld() {
        JsonNode report = switched("UPDATE item SET n = 1 WHERE id <= 150");
        assertThat(report.path("finalCheckRows").asInt()).isEqualTo(150);
        assertThat(report.path("finalCheckMillis").asDouble()).isPositive();
    }

    @Test
    void manyRowsAreComparedBeforeWritesAreHeld() {
        assertThat(switched("UPDATE item SET n = 1").path("finalCheckRows").asInt()).isZero();
    }

    /// There is no cut while it is open.
    @Test
    void whatAnOpenTransactionIsInTheWayOfIsLeftForTheFence() {
        Db elsewhere = PostgresServer.shared().database();
        try (Session open = elsewhere.session("long")) {
            JsonNode report =
                    switched(() -> {
                        Pair.run(source, "UPDATE item SET n = 1");
                        open.begin();
                        open.run("CREATE TABLE public.long ()");
                    });
            assertThat(report.path("finalCheckRows").asInt()).isEqualTo(500);
        } finally {
            PostgresServer.shared().drop(elsewhere);
        }
    }

    /// The report of a switch, and what was changed when it had begun.
    private JsonNode switched(String change) {
        return switched(() -> Pair.run(source, change));
    }

    private JsonNode switched(Runnable work) {
        Move move = Move.of(folder, pair, PATIENT);
        move.told("run", "--until", "in-step").done();
        new Hooked().at("switching", work).switches(move, 1);
        Path reports = folder.resolve("lockstep-reports").resolve(move.name());
        try (Stream<Path> files = Files.list(reports)) {
            return files.filter(file -> file.toString().endsWith("switch.json"))
                    .map(LastCutTest::read)
                    .map(Json::tree)
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
