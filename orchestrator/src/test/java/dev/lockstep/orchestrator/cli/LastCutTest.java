package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.orchestrator.run.Json;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What changes while a switch is prepared is compared just before writes are held, and little of
/// it while they are. Source and target are on a server each.
class LastCutTest {
    private static final String SHOP = "CREATE TABLE item (id int PRIMARY KEY, n int)";
    private static final String PATIENT =
            "schema: { copy: none }\ncutover: { max-pause: 60s, max-lag: 60s%s }\n";

    private static final String HOOKS =
            ", gate: { hooks: { hold: { run: [./hook], undo: { run: [./hook] } } } }";
    private static final String WAITS =
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
                    + " AND application_name LIKE 'lockstep % cut'";
    private static final String SLOTS =
            "SELECT slot_name FROM pg_replication_slots WHERE database = current_database()";

    /// Cuts wait for all transactions of a server, and some here are open for long.
    private static final PostgresServer OWN = PostgresServer.start(Map.of());

    private final Db source = OWN.database();
    private final Db target = PostgresServer.shared().database();
    private final Pair pair = Pair.of(source, target);
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void fill() {
        pair.onBoth(SHOP);
        Pair.run(source, "INSERT INTO item SELECT i, 0 FROM generate_series(1, 500) i");
    }

    @AfterEach
    void drop() {
        OWN.drop(source);
        PostgresServer.shared().drop(target);
    }

    @AfterAll
    static void stop() {
        OWN.stop();
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
        Db elsewhere = OWN.database();
        try (Session open = elsewhere.session("long")) {
            JsonNode report =
                    switched(() -> {
                        Pair.run(source, "UPDATE item SET n = 1");
                        open.begin();
                        open.run("CREATE TABLE public.long ()");
                    });
            assertThat(report.path("finalCheckRows").asInt()).isEqualTo(500);
        } finally {
            OWN.drop(elsewhere);
        }
    }

    /// Else all of it would be compared while writes are held.
    @Test
    void whereMuchHasChangedMeanwhileTheSwitchIsGivenUpBeforeTheFence() {
        Db elsewhere = OWN.database();
        Move move = inStep("");
        try (Session open = elsewhere.session("long")) {
            Hooked hooked =
                    new Hooked()
                            .at(
                                    "switching",
                                    () -> {
                                        Pair.run(source, "UPDATE item SET n = 1");
                                        open.begin();
                                        open.run("CREATE TABLE public.long ()");
                                    })
                            .at("look/0", () -> Thread.ofVirtual().start(() -> addMuch(open)))
                            .at("drain/0", () -> assertThat(undone()).isEqualTo(1));
            hooked.switches(move, 1);
        } finally {
            OWN.drop(elsewhere);
        }
        assertThat(
                        Pair.rows(
                                target,
                                "SELECT body->>'reason' FROM lockstep.journal WHERE "
                                        + "event = 'SwitchUndone'"))
                .singleElement()
                .asString()
                .contains("no snapshot of database", "test long");
    }

    /// While the switch waits for a cut.
    private void addMuch(Session open) {
        LiveRun.await("a wait for the cut", () -> !Pair.rows(source, WAITS).isEmpty());
        Pair.run(source, "INSERT INTO item SELECT i, 0 FROM generate_series(501, 3500) i");
        LiveRun.await("an undone switch", () -> undone() > 0);
        open.rollback();
    }

    private int undone() {
        return Pair.rows(target, "SELECT 1 FROM lockstep.journal WHERE event = 'SwitchUndone'")
                .size();
    }

    /// A row of it that nobody changed tells whether it was read.
    @Test
    void aTableWithoutAKeyIsNotReadJustBeforeWritesAreHeld() {
        pair.onBoth("CREATE TABLE tick (n int); ALTER TABLE tick REPLICA IDENTITY FULL");
        Pair.run(source, "INSERT INTO tick VALUES (1), (2)");
        Move move = inStep("");
        Hooked hooked =
                new Hooked()
                        .at(
                                "switching",
                                () -> {
                                    Pair.run(source, "UPDATE item SET n = 1");
                                    Pair.run(source, "UPDATE tick SET n = 3 WHERE n = 1");
                                    LateChangesTest.spoil(
                                            target, "UPDATE tick SET n = 5 WHERE n = 2");
                                });
        assertThatThrownBy(() -> hooked.switches(move, 1))
                .as("the last look of complete")
                .hasMessageContaining("2 differences");
        JsonNode report = report(move);
        assertThat(report.path("outcome").asText()).isEqualTo("done");
        assertThat(report.path("finalCheckRows").asInt()).isZero();
    }

    @Test
    void aDifferenceThatTheLastCutFindsUndoesTheSwitchBeforeAnybodyIsHeld() throws IOException {
        Path hook = Files.writeString(folder.resolve("hook"), "#!/bin/sh\necho >> called\n");
        assertThat(hook.toFile().setExecutable(true)).isTrue();
        Move move = inStep(HOOKS);
        Hooked hooked =
                new Hooked()
                        .at(
                                "switching",
                                () -> {
                                    Pair.run(source, "UPDATE item SET n = 1");
                                    Sides.shows(target, "SELECT n FROM item WHERE id = 5", "(1)");
                                    LateChangesTest.spoil(
                                            target, "UPDATE item SET n = 9 WHERE id = 5");
                                });
        assertThatThrownBy(() -> hooked.switches(move, 1))
                .isInstanceOfSatisfying(
                        LockstepException.class,
                        e -> assertThat(e.fault()).isEqualTo(Fault.DIFFERENT))
                .hasMessageContaining("(id=5) differs in n: '1', on the standby '9'");
        assertThat(folder.resolve("called")).doesNotExist();
        assertThat(undone()).isEqualTo(1);
        assertThat(Pair.rows(target, SLOTS)).isEmpty();
        assertThat(Status.of(move).active()).isEqualTo("source");
        Pair.run(source, "UPDATE item SET n = 2 WHERE id = 6");
        move.told("cutover").refused(3, "DIFFERENT", "(id=5) differs in n");
        move.told("validate", "--repair").done();
        move.told("cutover").done();
    }

    /// The report of a switch, and what was changed when it had begun.
    private JsonNode switched(String change) {
        return switched(() -> Pair.run(source, change));
    }

    private JsonNode switched(Runnable work) {
        Move move = inStep("");
        new Hooked().at("switching", work).switches(move, 1);
        return report(move);
    }

    private JsonNode report(Move move) {
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

    private Move inStep(String gate) {
        Move move = Move.of(folder, pair, PATIENT.formatted(gate));
        move.told("run", "--until", "in-step").done();
        return move;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
