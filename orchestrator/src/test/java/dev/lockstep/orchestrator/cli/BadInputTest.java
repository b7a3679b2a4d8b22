package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.testing.Pair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What an operator gets wrong on the command line, in the plan, or in the tables that it names.
class BadInputTest {
    private static final String ITEM = "CREATE TABLE item (id bigint PRIMARY KEY, name text);";

    private final Pair pair = Pair.create();
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        pair.close();
    }

    private Told refused(String more) {
        return Refusals.ofRun(Move.alone(folder, pair, more), pair.source(), pair.target());
    }

    private Told refused() {
        return refused("schema: { copy: none }");
    }

    @Test
    void aCommandThatDoesNotExistIsRefusedByName() {
        Told told = Told.by("cutovr", "plan.yaml");
        assertThat(told.exit()).isEqualTo(2);
        assertThat(told.out()).isEmpty();
        assertThat(told.err()).contains("'cutovr'", "cutover");
    }

    @Test
    void noCommandAtAllShowsWhatThereIs() {
        Told told = Told.by();
        assertThat(told.exit()).isEqualTo(2);
        assertThat(told.out()).isEmpty();
        assertThat(told.err()).contains("Usage: lockstep", "cutover", "rollback", "complete");
    }

    @Test
    void helpIsAResult() {
        assertThat(Told.by("--help").done()).contains("Usage: lockstep");
        assertThat(Told.by("run", "--help").done()).contains("Usage: lockstep run");
        assertThat(Told.by("--version").done()).startsWith("lockstep ");
    }

    @Test
    void anOptionThatDoesNotExistIsRefusedByName() {
        Told told = Told.by("run", "plan.yaml", "--untill", "in-step");
        assertThat(told.exit()).isEqualTo(2);
        assertThat(told.out()).isEmpty();
        assertThat(told.err()).contains("'--untill'", "--until");
    }

    @Test
    void aValueThatAnOptionDoesNotTakeIsRefusedWithWhatItTakes() {
        Told until = Told.by("run", "plan.yaml", "--until", "verified");
        assertThat(until.exit()).isEqualTo(2);
        assertThat(until.err()).contains("--until", "\"verified\"", "expected in-step");
        Told cutover = Told.by("run", "plan.yaml", "--cutover", "manual");
        assertThat(cutover.exit()).isEqualTo(2);
        assertThat(cutover.err()).contains("--cutover", "\"manual\"", "expected auto");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "run",
                "status",
                "validate",
                "cutover",
                "rollback",
                "complete",
                "abort",
                "journal"
            })
    void everyCommandWantsAPlanThatIsThere(String command) {
        Told without = Told.by(command);
        assertThat(without.exit()).isEqualTo(2);
        assertThat(without.err()).contains("PLAN");
        String missing = folder.resolve("nowhere.yaml").toString();
        Told.by(command, missing).refused(2, "PLAN_INVALID", missing, "does not exist");
    }

    @Test
    void whatIsAskedInJsonIsRefusedInJson() throws IOException {
        for (String command : List.of("status", "validate", "cutover")) {
            Told told = Told.by(command, "nowhere.yaml", "--json");
            assertThat(told.exit()).isEqualTo(2);
            JsonNode json = new ObjectMapper().readTree(told.out());
            assertThat(json.path("exit").asInt()).isEqualTo(2);
            assertThat(json.path("text").asText()).contains("nowhere.yaml", "[PLAN_INVALID]");
            assertThat(told.err()).contains(json.path("text").asText());
        }
    }

    @Test
    void allMistakesOfAPlanAreToldAtOnceWithTheirLines() throws IOException {
        Path plan =
                Files.writeString(
                        folder.resolve("plan.yaml"),
                        """
                        lockstep: 2
                        name: Shop
                        source: { url: "jdbc:mysql://db1/shop", user: mover, password: "hush" }
                        target: { url: "jdbc:postgresql://db2:5432/shop", user: mover }
                        backfill: { workers: 1000 }
                        verify: { metod: count }
                        """);
        Told told = Told.by("run", plan.toString());
        told.refused(
                2,
                "PLAN_INVALID",
                plan + ":1: lockstep is \"2\", expected 1",
                plan + ":2: name is \"Shop\", expected up to 40",
                plan + ":3: source.url",
                plan + ":5: backfill.workers is \"1000\", expected a whole number from 1 to 64",
                plan + ":6: ");
        assertThat(told.err()).contains("metod").doesNotContain("hush");
        assertThat(told.err().lines().filter(line -> line.startsWith("  - "))).hasSize(5);
    }

    @Test
    void oneDatabaseUnderTwoNamesIsSeenBeforeAnythingIsDone() {
        Pair.run(pair.source(), ITEM);
        Move same = Move.alone(folder, pair.source().endpoint(), pair.source().endpoint(), "");
        same.told("run").refused(2, "PLAN_INVALID", "source and target are both");
        // 127.1 is 127.0.0.1, too; only the server can tell.
        Endpoint plain = pair.source().endpoint();
        Endpoint other =
                new Endpoint(
                        plain.url().replace("localhost", "127.1"), plain.user(), plain.password());
        Refusals.ofRun(Move.alone(folder, plain, other, ""), pair.source(), pair.source())
                .refused(4, "PRECONDITION", "are the same database", plain.database());
    }

    @Test
    void rowsInTheTargetsTablesAreNotWrittenOver() {
        pair.onBoth(ITEM);
        pair.onBoth("INSERT INTO item VALUES (1, 'mine')");
        refused()
                .refused(
                        4,
                        "PRECONDITION",
                        "\"public.item\"",
                        "is not empty",
                        "nothing was changed");
        assertThat(Pair.rows(pair.target(), "SELECT id, name FROM item"))
                .containsExactly("(1,mine)");
    }

    @Test
    void aTableWhoseRowsCannotBeNamedIsRefusedWithTheStatementThatHelps() {
        pair.onBoth(
                ITEM
                        + "CREATE TABLE audit (at timestamptz, what text);"
                        + "CREATE TABLE noise (a text, b text GENERATED ALWAYS AS (lower(a)));"
                        + "ALTER TABLE noise REPLICA IDENTITY FULL");
        refused()
                .refused(
                        4,
                        "PRECONDITION",
                        "table \"public.audit\" has no usable replica identity",
                        "ALTER TABLE \"public\".\"audit\" REPLICA IDENTITY FULL",
                        "table \"public.noise\" has no usable",
                        "virtual columns");
    }

    @Test
    void everythingThatDoesNotFitIsToldAtOnce() {
        Pair.run(
                pair.source(),
                """
                CREATE TABLE item (id bigint PRIMARY KEY, price numeric(10, 2));
                CREATE TABLE gone (id bigint PRIMARY KEY);
                CREATE UNLOGGED TABLE cache (id bigint PRIMARY KEY);
                CREATE SEQUENCE ticket;
                """);
        Pair.run(
                pair.target(),
                """
                CREATE TABLE item (id bigint PRIMARY KEY, price numeric(8, 2), tax text NOT NULL);
                CREATE TABLE cache (id bigint PRIMARY KEY);
                """);
        refused()
                .refused(
                        4,
                        "PRECONDITION",
                        "numeric(10,2)",
                        "numeric(8,2)",
                        "\"tax\"",
                        "\"public.gone\" is missing",
                        "\"public.cache\" is UNLOGGED",
                        "\"public.ticket\" is missing");
    }

    @Test
    void whatWouldFireTwiceAndWhatHasNoColumnsIsRefused() {
        pair.onBoth(
                """
                CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
                CREATE TABLE "It em" (id int PRIMARY KEY);
                CREATE TRIGGER audit AFTER INSERT ON "It em" EXECUTE FUNCTION noted();
                ALTER TABLE "It em" ENABLE ALWAYS TRIGGER audit;
                CREATE TABLE other (id int PRIMARY KEY);
                CREATE RULE kept AS ON DELETE TO other DO ALSO SELECT 1;
                ALTER TABLE other ENABLE REPLICA RULE kept;
                CREATE TABLE bare (); ALTER TABLE bare REPLICA IDENTITY FULL;
                """);
        refused("schema: { copy: none }")
                .refused(
                        4,
                        "PRECONDITION",
                        "trigger \"audit\"",
                        "ALTER TABLE public.\"It em\" ENABLE TRIGGER \"audit\"",
                        "rule \"kept\"",
                        "table \"public.bare\" has no columns");
    }

    @Test
    void aScopeWithoutTablesIsRefused() {
        pair.onBoth(ITEM);
        refused("schema: { copy: none }\ntables: { include: [\"sales.*\"] }")
                .refused(4, "PRECONDITION", "no table", "is in scope", "sales.*");
    }

    @Test
    void mappingsOfWhatIsNotThereAreRefused() {
        pair.onBoth(ITEM);
        refused(
                        """
                        schema: { copy: none }
                        verify: { mask: ["*.secret", public.item.nmae] }
                        tables:
                          mappings:
                            - { table: public.itm, to: public.item2 }
                            - { table: public.item, columns: { nam: title, id: number } }
                        """)
                .refused(
                        4,
                        "PRECONDITION",
                        "verify.mask names \"public.item.nmae\"",
                        "tables.mappings names \"public.itm\"",
                        "tables.mappings names column \"nam\" of \"public.item\"",
                        "column \"number\" of the target's \"public.item\" is missing, for \"id\"");
    }

    @Test
    void aNameThatAnotherRunHasOnTheSourceIsNotTaken() {
        pair.onBoth(ITEM);
        Move move = Move.alone(folder, pair);
        String slot = "lockstep_" + move.name().replace('-', '_') + "_0";
        String make = "SELECT pg_create_logical_replication_slot('%s', 'pgoutput')".formatted(slot);
        String drop = "SELECT pg_drop_replication_slot('%s')".formatted(slot);
        try {
            Pair.run(pair.source(), make);
            Refusals.ofRun(move, pair.source(), pair.target())
                    .refused(4, "PRECONDITION", "name in use", slot, pair.source().label());
            Pair.run(pair.source(), drop);
            // Slots of all databases of a server share their names.
            Pair.run(pair.target(), make);
            Refusals.ofRun(move, pair.source(), pair.target())
                    .refused(4, "NAME_IN_USE", slot, "another database", "another name");
        } finally {
            Pair.run(pair.source(), drop);
        }
    }

    @Test
    void commandsOfARunThatNeverBeganAreRefusedAndLeaveNothing() {
        pair.onBoth(ITEM);
        Move move = Move.alone(folder, pair);
        List<String> before = Traces.of(pair.target());
        for (String command : List.of("validate", "cutover", "rollback", "complete", "abort")) {
            move.told(command).refused(4, "WRONG_STATE", move.name(), "planned", command);
        }
        assertThat(Status.of(move).state()).isEqualTo("planned");
        assertThat(move.told("journal").done()).isEmpty();
        assertThat(Traces.of(pair.target())).isEqualTo(before);
        assertThat(Traces.lockstepsOwn(pair.source())).isEmpty();
        assertThat(Files.exists(move.state())).isFalse();
    }
}
