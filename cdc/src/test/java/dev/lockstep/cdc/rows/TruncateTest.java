package dev.lockstep.cdc.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.Replication;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Tables are emptied as they were, in whatever company.
class TruncateTest {
    private static final String TABLES =
            """
            CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int);
            CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a, up int REFERENCES b);
            CREATE TABLE c (id serial PRIMARY KEY, b int REFERENCES b);
            CREATE TABLE egg (id int PRIMARY KEY, hen int);
            CREATE TABLE hen (id int PRIMARY KEY, egg int REFERENCES egg);
            ALTER TABLE egg ADD FOREIGN KEY (hen) REFERENCES hen;
            CREATE TABLE bare (n int);
            ALTER TABLE bare REPLICA IDENTITY FULL;
            CREATE TABLE part (id int PRIMARY KEY, up int REFERENCES part) PARTITION BY RANGE (id);
            CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (100);
            CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (100) TO (200)
                PARTITION BY RANGE (id);
            CREATE TABLE part_2_1 PARTITION OF part_2 FOR VALUES FROM (100) TO (200);
            CREATE TABLE leg (id int, part int REFERENCES part, PRIMARY KEY (id))
                PARTITION BY HASH (id);
            CREATE TABLE leg_0 PARTITION OF leg FOR VALUES WITH (MODULUS 2, REMAINDER 0);
            CREATE TABLE leg_1 PARTITION OF leg FOR VALUES WITH (MODULUS 2, REMAINDER 1);
            CREATE TABLE free (id int PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE free_1 PARTITION OF free FOR VALUES FROM (0) TO (100);
            CREATE TABLE free_2 PARTITION OF free FOR VALUES FROM (100) TO (200);
            """;

    private static final String FILL =
            """
            INSERT INTO a (n) SELECT i FROM generate_series(1, 60) i;
            INSERT INTO b SELECT i, (SELECT max(id) FROM a), i FROM generate_series(1, 60) i;
            INSERT INTO c (b) SELECT i FROM generate_series(1, 60) i;
            INSERT INTO egg SELECT i FROM generate_series(1, 9) i;
            INSERT INTO hen SELECT i, i FROM generate_series(1, 9) i; UPDATE egg SET hen = id;
            INSERT INTO bare SELECT i % 2 FROM generate_series(1, 9) i;
            INSERT INTO part SELECT i, i FROM generate_series(0, 199) i;
            INSERT INTO leg SELECT i, i FROM generate_series(0, 99) i;
            INSERT INTO free SELECT i FROM generate_series(0, 199) i;
            """;

    @Test
    void aTableThatSomebodyReadsForLongIsEmptiedBesideThem() throws Exception {
        try (Carried carried = new Carried("CREATE TABLE item (id int PRIMARY KEY)");
                Replication stream = carried.open();
                Session reader = carried.pair().target().session("reader")) {
            Pair.run(carried.pair().source(), "INSERT INTO item VALUES (1), (2)");
            stream.drain(Carried.SOON);
            reader.begin();
            assertThat(reader.number("SELECT count(*) FROM public.item")).isEqualTo(2);
            Pair.run(carried.pair().source(), "TRUNCATE item; INSERT INTO item VALUES (3)");
            stream.drain(Carried.SOON);
            carried.assertSame("a table that was truncated while it was read");
        }
    }

    private static final List<String> CHANGES =
            List.of(
                    "TRUNCATE c",
                    "BEGIN; INSERT INTO c (b) VALUES (1); TRUNCATE c; INSERT INTO c (b) VALUES (2),"
                            + " (3); UPDATE c SET b = 4 WHERE b = 3; COMMIT",
                    "TRUNCATE a CASCADE",
                    "INSERT INTO a (n) VALUES (1); INSERT INTO b SELECT 1, id FROM a",
                    "TRUNCATE a, b, c RESTART IDENTITY; INSERT INTO a (n) VALUES (2), (3)",
                    "BEGIN; TRUNCATE a RESTART IDENTITY CASCADE; INSERT INTO a (n) VALUES (5);"
                            + " TRUNCATE a CASCADE; INSERT INTO a (n) VALUES (6); COMMIT",
                    "BEGIN; TRUNCATE a CASCADE; ROLLBACK",
                    "TRUNCATE egg, hen; INSERT INTO egg VALUES (1)",
                    "TRUNCATE bare; INSERT INTO bare VALUES (1), (1)",
                    "BEGIN; DELETE FROM bare; INSERT INTO bare VALUES (1), (2); TRUNCATE bare;"
                            + " INSERT INTO bare VALUES (2), (2); COMMIT",
                    "TRUNCATE leg_1",
                    "TRUNCATE leg; INSERT INTO leg VALUES (3, 3)",
                    "TRUNCATE part CASCADE",
                    "INSERT INTO part SELECT i, i FROM generate_series(0, 199) i;"
                            + " INSERT INTO leg SELECT i, i FROM generate_series(0, 99) i",
                    "TRUNCATE free_1",
                    "BEGIN; UPDATE free SET id = id - 100; TRUNCATE free_1;"
                            + " INSERT INTO free VALUES (1), (101); COMMIT",
                    "TRUNCATE free",
                    // In a transaction that is too large to be held.
                    """
                    BEGIN; INSERT INTO free_1 SELECT i FROM generate_series(0, 90) i;
                    INSERT INTO bare SELECT 7 FROM generate_series(1, 15000);
                    INSERT INTO a (n) SELECT i FROM generate_series(1, 15000) i;
                    TRUNCATE part, leg, a, bare CASCADE;
                    INSERT INTO a (n) SELECT i FROM generate_series(1, 15000) i;
                    INSERT INTO bare SELECT 8 FROM generate_series(1, 15000); COMMIT
                    """);

    @ParameterizedTest
    @EnumSource
    void emptiedTablesAreEmptiedOnTheTarget(Way way) throws Exception {
        way.carry(TABLES, List.of(FILL), CHANGES);
    }
}
