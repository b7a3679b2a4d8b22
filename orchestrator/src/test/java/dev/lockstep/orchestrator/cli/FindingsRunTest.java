package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.run.Json;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.local.LocalServer;
import java.nio.file.Path;
import org.assertj.core.api.Assumptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a run does with findings besides rows.
class FindingsRunTest {
    private static final String SHOP =
            """
            CREATE TABLE place (id int PRIMARY KEY);
            CREATE TABLE item (id int PRIMARY KEY, place int, code int);
            """;

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void orphansKeepWritesWhereTheyAreUntilTheyAreMended() {
        pair.onBoth(SHOP);
        Pair.run(source, "INSERT INTO item VALUES (1, 7, 1), (2, NULL, 2)");
        Pair.run(
                target,
                "ALTER TABLE item ADD CONSTRAINT somewhere FOREIGN KEY (place)"
                        + " REFERENCES place");
        Move move = Move.of(folder, pair);
        move.told("run", "--until", "in-step").done();
        move.told("validate")
                .refused(3, "DIFFERENT", "no difference", "somewhere", "1 row of", "1 error, ");
        move.told("cutover").refused(4, "PRECONDITION", "somewhere", "1 row of \"public.item\"");
        var json = Json.tree(move.told("validate", "--json").out());
        assertThat(json.path("exit").asInt()).isEqualTo(3);
        assertThat(json.path("findings").get(0).path("severity").asText()).isEqualTo("ERROR");
        assertThat(json.path("findings").get(0).path("check").asText()).isEqualTo("foreign keys");
        Pair.run(source, "INSERT INTO place VALUES (7)");
        assertThat(move.told("cutover").done()).contains("write pause");
        assertThat(move.told("validate", "--table", "public.item").done())
                .contains("0 errors, 1 note\n", "note: table \"public.item\": constraint");
        move.told("rollback").done();
        move.told("validate").done();
        Pair.run(source, "DELETE FROM place");
        move.told("validate", "--table", "public.item").refused(3, "DIFFERENT", "somewhere");
        assertThat(Status.of(move).text()).containsPattern("ERROR +.*somewhere");
        move.told("cutover").refused(4, "PRECONDITION", "somewhere");
        move.told("abort").done();
        Sides.areLeftClean(pair);
    }

    @Test
    void aBrokenUniqueIndexIsSeenBeforeASwitchAndAcceptedOnlyByName() {
        pair.onBoth(SHOP);
        Pair.run(source, "INSERT INTO item VALUES (1, 1, 5), (2, 2, 5)");
        Move move = Move.of(folder, pair);
        move.told("run", "--until", "in-step").done();
        assertThat(move.told("validate").done()).doesNotContain("besides rows");
        try (Session session = target.session("build")) {
            session.run("CREATE UNIQUE INDEX CONCURRENTLY item_code ON public.item (code)");
            throw new AssertionError("it was built");
        } catch (LockstepException e) {
            assertThat(e.text()).contains("item_code");
        }
        move.told("cutover").refused(4, "PRECONDITION", "\"item_code\"", "INVALID", "REINDEX");
        assertThat(Status.of(move).state()).isEqualTo("in-step");
        move.told("cutover", "--accept-differences").done();
        assertThat(move.told("journal").done()).contains("DifferencesAccepted", "item_code");
        move.told("complete").done();
    }

    @Test
    void aCopiedSchemaIsTheSameSchema() {
        Assumptions.assumeThat(LocalServer.find()).isPresent();
        LocalServer server = LocalServer.find().orElseThrow();
        try (Db from = server.database();
                Db to = server.database()) {
            Pair.run(from, rich());
            String mappings =
                    """
                    tables:
                      mappings:
                        - { table: public.item, to: sales.Thing, columns: { note: "my note" } }
                    """;
            Move move = Move.of(folder, from.endpoint(), to.endpoint(), mappings);
            move.told("run", "--until", "in-step").done();
            assertThat(move.told("validate").done())
                    .contains("0 errors, 1 note\n", "GRANT USAGE ON SCHEMA \"sales\" TO PUBLIC");
            Pair.run(to, "GRANT USAGE ON SCHEMA sales TO PUBLIC");
            assertThat(move.told("validate").done()).doesNotContain("besides rows");
            move.told("cutover").done();
            assertThat(move.told("validate").done()).doesNotContain("besides rows");
            move.told("complete").done();
        }
    }

    private static String rich() {
        return SHOP.replace("code int", "code serial, note text DEFAULT 'none' CHECK (note > '')")
                + """
                CREATE UNIQUE INDEX item_note ON item (lower(note), id) WHERE note <> 'x';
                ALTER TABLE item ADD FOREIGN KEY (place) REFERENCES place DEFERRABLE;
                CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
                CREATE TRIGGER t BEFORE UPDATE OF note ON item FOR EACH ROW
                    WHEN (new.note <> '') EXECUTE FUNCTION f();
                CREATE TABLE visit (id int GENERATED ALWAYS AS IDENTITY, day date, hits int,
                    twice int GENERATED ALWAYS AS (hits * 2) STORED, PRIMARY KEY (id, day))
                    PARTITION BY RANGE (day);
                CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO
                    ('2027-01-01');
                CREATE INDEX visit_hits ON visit (hits DESC);
                GRANT SELECT, UPDATE ON item TO PUBLIC;
                INSERT INTO place VALUES (1);
                INSERT INTO item (id, place) VALUES (1, 1), (2, NULL);
                INSERT INTO visit (day, hits) VALUES ('2026-03-04', 5);
                """;
    }
}
