package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.lockstep.testing.Pair;
import dev.lockstep.testing.local.LocalServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// After `abort` everything but rows is in both databases as if there had been no run: schema,
/// privileges, settings, and on the target what its sequences have given.
class AsBeforeTest {
    private static final String SCHEMA =
            """
            CREATE SCHEMA shop;
            GRANT USAGE ON SCHEMA shop TO PUBLIC;
            CREATE TYPE shop.mood AS ENUM ('low', 'high');
            CREATE SEQUENCE shop.ticket START 40 CACHE 3;
            CREATE TABLE shop.item (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                name text COLLATE "C" NOT NULL UNIQUE,
                mood shop.mood DEFAULT 'low',
                price numeric(10, 2) CHECK (price >= 0),
                twice numeric GENERATED ALWAYS AS (price * 2) STORED,
                ticket int DEFAULT nextval('shop.ticket'));
            ALTER TABLE shop.item ALTER name SET STATISTICS 300, ALTER name SET STORAGE EXTERNAL;
            ALTER TABLE shop.item DROP COLUMN mood;
            CREATE INDEX item_price ON shop.item (price) WHERE price > 1;
            COMMENT ON TABLE shop.item IS 'what is sold';
            COMMENT ON COLUMN shop.item.name IS 'as printed';
            GRANT SELECT ON shop.item TO PUBLIC;
            GRANT UPDATE (price) ON shop.item TO PUBLIC;
            CREATE STATISTICS shop.item_stats ON id, price FROM shop.item;
            CREATE TABLE shop.tick (n int);
            ALTER TABLE shop.tick REPLICA IDENTITY FULL;
            CREATE TABLE shop.line (
                id serial PRIMARY KEY, item bigint REFERENCES shop.item ON DELETE CASCADE)
                WITH (fillfactor = 70);
            CREATE TABLE shop.part (n int PRIMARY KEY) PARTITION BY RANGE (n);
            CREATE TABLE shop.part_1 PARTITION OF shop.part FOR VALUES FROM (0) TO (10);
            CREATE VIEW shop.cheap AS SELECT id FROM shop.item WHERE price < 5;
            CREATE FUNCTION shop.quiet() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN RETURN NULL; END';
            CREATE TRIGGER quiet AFTER INSERT ON shop.item
                FOR EACH ROW EXECUTE FUNCTION shop.quiet();
            ALTER TABLE shop.item DISABLE TRIGGER quiet;
            ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO PUBLIC;
            """;

    private static final String HERE =
            """
            CREATE PUBLICATION theirs FOR TABLE shop.tick;
            DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''5MB''',
                                       current_database()); END $$;
            """;

    private static final String ROWS =
            """
            INSERT INTO shop.item (name, price) SELECT 'n' || i, i FROM generate_series(1, 2000) i;
            INSERT INTO shop.line (item) SELECT id FROM shop.item;
            INSERT INTO shop.tick VALUES (1), (1);
            INSERT INTO shop.part VALUES (1);
            """;

    private static final String MORE = "INSERT INTO shop.item (name) VALUES ('more')";
    private static final String SLOW = "backfill: { workers: 1, chunk: 8KiB, rows-per-second: 1 }";

    @TempDir Path folder = Path.of("");

    /// The schema copy needs the programs of a server that is installed.
    private static Pair withPrograms() {
        assumeThat(LocalServer.find()).isPresent();
        LocalServer server = LocalServer.find().orElseThrow();
        return Pair.of(server.database(), server.database());
    }

    /// Schema of both sides, what the target's sequences have given, and the source's too where no
    /// application has used them.
    private static List<String> facts(Pair pair, boolean sourceIsUsed) {
        List<String> facts = new ArrayList<>(CatalogText.of(pair.source()));
        facts.addAll(CatalogText.of(pair.target()));
        facts.addAll(CatalogText.sequences(pair.target()));
        if (!sourceIsUsed) {
            facts.addAll(CatalogText.sequences(pair.source()));
        }
        return facts;
    }

    @ParameterizedTest
    @CsvSource({"copying, ''", "in-step, ''", "returned, ''", "in-step, --keep-target"})
    void aTargetThatHadItsTablesHasThemAsTheyWere(String state, String keep) {
        try (Pair pair = Pair.create()) {
            Pair.run(pair.source(), SCHEMA + HERE + ROWS);
            Pair.run(pair.target(), SCHEMA + "SELECT nextval('shop.ticket')");
            isAsBefore(pair, state, keep, "schema: { copy: none }\n");
        }
    }

    @ParameterizedTest
    @CsvSource({"copying", "returned"})
    void aTargetThatGotItsTablesHasNoneAnyMore(String state) {
        try (Pair pair = withPrograms()) {
            Pair.run(pair.source(), SCHEMA + HERE + ROWS);
            Pair.run(pair.target(), "COMMENT ON SCHEMA public IS 'theirs'; CREATE SCHEMA other");
            isAsBefore(pair, state, "", "");
        }
    }

    private void isAsBefore(Pair pair, String state, String keep, String schema) {
        boolean returns = state.equals("returned");
        List<String> before = facts(pair, returns);
        String more = schema + (state.equals("copying") ? SLOW : "");
        Move move = Move.of(folder, pair, more);
        String[] abort = keep.isEmpty() ? new String[0] : new String[] {keep};
        try (LiveRun run = LiveRun.start(move).awaitState(returns ? "in-step" : state)) {
            if (returns) {
                move.told("cutover").done();
                Pair.run(pair.target(), MORE);
                move.told("rollback").done();
            }
            move.told("abort", abort).done();
            run.ended();
        }
        assertThat(facts(pair, returns)).containsExactlyElementsOf(before);
        assertThat(Pair.rows(pair.source(), "SELECT count(*) FROM shop.item"))
                .containsExactly(returns ? "(2001)" : "(2000)");
        Pair.run(pair.source(), MORE + " ON CONFLICT DO NOTHING");
    }

    @Test
    void aTargetThatIsKeptHasTheTablesThatItGotAndNothingElse() {
        try (Pair pair = withPrograms()) {
            Pair.run(pair.source(), SCHEMA + ROWS);
            List<String> before = CatalogText.of(pair.source());
            Move move = Move.of(folder, pair, "");
            move.told("run", "--until", "in-step").done();
            move.told("abort", "--keep-target").done();
            assertThat(CatalogText.of(pair.source())).isEqualTo(before);
            assertThat(CatalogText.of(pair.target()))
                    .filteredOn(fact -> fact.contains("lockstep"))
                    .isEmpty();
            assertThat(Pair.rows(pair.target(), "SELECT count(*) FROM shop.item"))
                    .containsExactly("(2000)");
        }
    }
}
