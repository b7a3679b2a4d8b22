package dev.lockstep.cdc.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.Replication;
import dev.lockstep.testing.Pair;
import org.junit.jupiter.api.Test;

/// What the target has besides the rows does not touch what is carried, nor is it touched.
class TargetTest {
    private static final String TABLES =
            """
            CREATE TABLE item (id int PRIMARY KEY, n int, parent int);
            CREATE TABLE ident (
                id int PRIMARY KEY, seq int GENERATED ALWAYS AS IDENTITY, n int, big text);
            CREATE TABLE bare (seq int GENERATED ALWAYS AS IDENTITY, n int);
            ALTER TABLE bare REPLICA IDENTITY FULL;
            ALTER TABLE ident ALTER big SET STORAGE EXTERNAL;
            """;

    private static final String OWN =
            """
            CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE 'a trigger of the target fired'; END $$;
            CREATE TRIGGER spoil BEFORE INSERT OR UPDATE OR DELETE ON item
                FOR EACH ROW EXECUTE FUNCTION spoil();
            CREATE TRIGGER spoil_all BEFORE TRUNCATE ON item EXECUTE FUNCTION spoil();
            CREATE RULE no_insert AS ON INSERT TO item DO INSTEAD NOTHING;
            CREATE RULE no_update AS ON UPDATE TO item DO INSTEAD NOTHING;
            ALTER TABLE item ADD FOREIGN KEY (parent) REFERENCES item ON DELETE CASCADE;
            ALTER TABLE item ENABLE ROW LEVEL SECURITY;
            ALTER TABLE item ADD own text DEFAULT 'own', ADD sum int GENERATED ALWAYS AS (id + n)
                STORED;
            ALTER TABLE ident ADD own text DEFAULT 'own';
            ALTER TABLE bare ADD own text DEFAULT 'own';
            """;

    private static final String CHANGES =
            """
            UPDATE item SET n = n + 1; UPDATE item SET id = -id WHERE id > 55; DELETE FROM item
                WHERE id = 9; UPDATE ident SET n = n + 1; UPDATE ident SET n = -n WHERE id < 5;
            UPDATE ident SET id = -id WHERE id > 55; UPDATE ident SET seq = DEFAULT WHERE id = 7;
            UPDATE ident SET big = 'short' WHERE id BETWEEN 10 AND 55; UPDATE bare SET n = n + 1
            """;

    @Test
    void theTargetsOwnTriggersRulesAndColumnsStayOutOfIt() throws Exception {
        try (Carried carried = new Carried(TABLES)) {
            Pair pair = carried.pair();
            Pair.run(pair.target(), OWN);
            try (Replication stream = carried.open()) {
                Pair.run(
                        pair.source(),
                        """
                        INSERT INTO item SELECT i, i, 1 FROM generate_series(1, 60) i;
                        INSERT INTO ident (id, n, big)
                            SELECT i, i, repeat('b', 3000) FROM generate_series(1, 60) i;
                        INSERT INTO bare (n) SELECT i FROM generate_series(1, 9) i;
                        """);
                stream.drain(Carried.SOON);
                // As it is where writes were on the target, and came back to the source.
                Pair.run(
                        pair.target(),
                        """
                        SET session_replication_role = replica; UPDATE item SET own = 'kept ' || n;
                        UPDATE ident SET own = 'kept'; UPDATE bare SET own = 'kept'
                        """);
                for (String change : CHANGES.split(";", -1)) {
                    Pair.run(pair.source(), change);
                    stream.drain(Carried.SOON);
                }
                assertSame(pair, "id, n, parent FROM item", "id, seq, n, big FROM ident");
                assertSame(pair, "seq, n FROM bare");
                for (String table : new String[] {"item", "ident", "bare"}) {
                    String lost = "SELECT 1 FROM %s WHERE own = 'own'".formatted(table);
                    assertThat(Pair.rows(pair.target(), lost)).as(table).isEmpty();
                }
            }
        }
    }

    private static void assertSame(Pair pair, String... selections) {
        for (String selection : selections) {
            String sql = "SELECT %s ORDER BY 1, 2".formatted(selection);
            assertThat(Pair.rows(pair.target(), sql)).isEqualTo(Pair.rows(pair.source(), sql));
        }
    }
}
