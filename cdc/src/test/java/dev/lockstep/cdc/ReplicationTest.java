package dev.lockstep.cdc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReplicationTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String ITEM =
            """
            CREATE TABLE item (id int PRIMARY KEY, name text UNIQUE, big text, doubled int
                GENERATED ALWAYS AS (id * 2) STORED, list text[]);
            ALTER TABLE item ALTER big SET STORAGE EXTERNAL\
            """;

    private final Pair pair = Pair.create();

    @AfterEach
    void close() {
        pair.close();
    }

    private void onSource(String sql) {
        Pair.run(pair.source(), sql);
    }

    @Test
    void everyKindOfChangeArrives() throws Exception {
        pair.onBoth(ITEM);
        pair.onBoth("CREATE TABLE other (a int, b text, PRIMARY KEY (b, a))");
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.openStrict()) {
            onSource(
                    """
                    INSERT INTO item (id, name, big, list) SELECT i, 'n' || i, repeat('x', 9000),
                        ARRAY['a\\b', NULL, E'tab\\t', '{"x"}'] FROM generate_series(1, 300) i;
                    INSERT INTO other SELECT i, E'k\\n' || i FROM generate_series(1, 90) i\
                    """);
            onSource("UPDATE item SET name = name || '!' WHERE id % 2 = 0");
            onSource("UPDATE item SET big = repeat('y', 9000 + id) WHERE id % 10 = 0");
            onSource("DELETE FROM item WHERE id % 7 = 0");
            onSource("UPDATE item SET id = id + 1000 WHERE id % 5 = 0");
            onSource("UPDATE other SET a = a + 1");
            onSource("BEGIN; INSERT INTO item (id) VALUES (-1); ROLLBACK");
            onSource("INSERT INTO item (id, name) VALUES (-2, 'null'), (-3, NULL), (-4, '')");
            stream.drain(SOON);
            fixture.assertEqualRows("item", "other");
            assertThat(stream.progress().applied()).isGreaterThan(300);

            onSource("TRUNCATE other; INSERT INTO other VALUES (1, 'one')");
            stream.drain(SOON);
            fixture.assertEqualRows("other");
        }
    }

    @Test
    void rowsThatMoveBetweenPartitionsArrive() throws Exception {
        pair.onBoth(
                """
                CREATE TABLE part (id int, day int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
                CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
                CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20)\
                """);
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.openStrict()) {
            onSource("INSERT INTO part SELECT i, i % 20 FROM generate_series(1, 200) i");
            onSource("UPDATE part SET day = 19 - day WHERE id % 3 = 0");
            onSource("TRUNCATE part_2; INSERT INTO part VALUES (7, 15)");
            stream.drain(SOON);
            fixture.assertEqualRows("part_1", "part_2");
        }
    }

    @Test
    void uniqueValuesSwappedWithinATransactionArrive() throws Exception {
        pair.onBoth(ITEM);
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.openStrict()) {
            onSource("INSERT INTO item (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')");
            onSource(
                    """
                    BEGIN; UPDATE item SET name = 'tmp' WHERE id = 1;
                    UPDATE item SET name = 'a' WHERE id = 2;
                    UPDATE item SET name = 'b' WHERE id = 1;
                    DELETE FROM item WHERE id = 3;
                    INSERT INTO item (id, name) VALUES (4, 'c'); COMMIT\
                    """);
            stream.drain(SOON);
            fixture.assertEqualRows("item");
        }
    }

    @Test
    void tableWithoutKeyKeepsItsDuplicates() throws Exception {
        pair.onBoth(
                """
                CREATE TYPE point_pair AS (x int, y text);
                CREATE TABLE bare (a int, pad char(5), doc json, n numeric, flag boolean, ip inet,
                    f float8, pair point_pair);
                ALTER TABLE bare REPLICA IDENTITY FULL\
                """);
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.openStrict()) {
            onSource(
                    """
                    INSERT INTO bare VALUES (1, 'x', '{"a": 1}', 1.0), (1, 'x', '{"a": 1}', 1.0),
                        (1, 'x', '{"a": 1}', 1.00), (NULL, NULL, NULL, NULL);
                    INSERT INTO bare VALUES (2, '', '1', 0, true, '10.0.0.1', 0, (NULL, NULL)),
                        (2, '', '1', 0, true, '10.0.0.1', '-0', (NULL, NULL)),
                        (3, '', '1', 0, false, '10.0.0.0/8', 0.1, (NULL, 'y')),
                        (3, '', '1', 0, false, '10.0.0.0/8', 0.1, NULL)\
                    """);
            onSource("DELETE FROM bare WHERE ctid = '(0,1)'");
            onSource("UPDATE bare SET a = 7 WHERE a IS NULL");
            onSource("DELETE FROM bare WHERE a = 2 AND f::text = '-0'");
            onSource("UPDATE bare SET flag = true WHERE pair IS NOT DISTINCT FROM NULL");
            onSource("UPDATE bare SET ip = '::1', pair = NULL WHERE a = 3 AND NOT flag");
            stream.drain(SOON);
            assertThat(Pair.rows(pair.target(), "SELECT * FROM bare")).hasSize(6);
            fixture.assertEqualRows("bare");
        }
    }

    @Test
    void aTransactionLargerThanABatchArrivesWholeAndRestartsDoNotDouble() throws Exception {
        pair.onBoth(ITEM);
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.openStrict()) {
            onSource(
                    "INSERT INTO item (id, name, list) SELECT i, i::text, ARRAY[i::text] "
                            + "FROM generate_series(1, 60000) i");
            stream.drain(SOON);
            fixture.assertEqualRows("item");
        }
        onSource("UPDATE item SET list = NULL WHERE id <= 50000");
        try (Replication stream = fixture.open()) {
            stream.prepare();
            stream.startCapture();
            stream.startApply(stream.spec().routes());
            onSource("DELETE FROM item WHERE id > 1000");
            stream.drain(SOON);
            fixture.assertEqualRows("item");
            assertThat(stream.progress().captured()).isEqualTo(stream.progress().applied());
        }
    }

    @Test
    void changesThatOverlapWithTheCopyConverge() throws Exception {
        pair.onBoth(ITEM);
        onSource(
                "INSERT INTO item (id, name, big) SELECT i, 'n' || i, repeat('x', 9000) "
                        + "FROM generate_series(1, 200) i");
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.open()) {
            Lsn from = stream.prepare();
            stream.startAt(from, false);
            stream.startCapture();
            // A row that moves from a range not yet read to one that was: only its move is in the
            // log.
            copyRange("id >= 100");
            onSource("UPDATE item SET id = id + 1000 WHERE id < 50");
            // A row that moves, and a later one under its key.
            onSource("UPDATE item SET id = 2000 WHERE id = 70");
            onSource("INSERT INTO item (id, name) VALUES (70, 'again')");
            // A unique value that wanders, seen at two moments.
            onSource(
                    "DELETE FROM item WHERE id = 150; UPDATE item SET name = 'n150' WHERE id = 60");
            onSource("UPDATE item SET name = 'late' WHERE id BETWEEN 90 AND 110 AND id % 20 = 0");
            copyRange("id < 100 AND name <> 'n150'");
            stream.startApply(stream.spec().routes());
            int again = stream.finishOverlap(SOON);
            fixture.assertEqualRows("item");
            assertThat(again).isPositive();
            onSource("UPDATE item SET big = 'small' WHERE id > 1000");
            stream.drain(SOON);
            fixture.assertEqualRows("item");
        }
    }

    /// Copies rows as a chunk of the copy would, by way of the test.
    private void copyRange(String where) {
        List<String> rows =
                Pair.rows(
                        pair.source(),
                        "SELECT format('(%s, %L, %L)', id, name, big) FROM item WHERE " + where);
        String values =
                String.join(", ", rows.stream().map(r -> r.substring(2, r.length() - 2)).toList());
        Pair.run(
                pair.target(),
                "INSERT INTO item (id, name, big) VALUES " + values.replace("\"\"", "\""));
    }

    @Test
    void cutShowsTheSameStateOnBothSidesWhileWritesGoOn() throws Exception {
        pair.onBoth(ITEM);
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.openStrict()) {
            Thread writer =
                    Thread.ofVirtual()
                            .start(() -> {
                                for (int i = 0; !Thread.interrupted() && i < 5_000; i++) {
                                    onSource("INSERT INTO item (id) VALUES (" + i + ")");
                                }
                            });
            for (int i = 0; i < 5; i++) {
                try (Cut cut = stream.cut(SOON);
                        Session active = cut.active().open("a");
                        Session standby = cut.standby().open("b")) {
                    String count = "SELECT count(*) FROM public.item";
                    assertThat(standby.number(count)).isEqualTo(active.number(count));
                }
            }
            writer.interrupt();
            writer.join();
            stream.drain(SOON);
            fixture.assertEqualRows("item");
        }
    }

    /// In replica role PostgreSQL does not check such constraints; the active database did.
    @Test
    void deferrableUniqueValuesThatMoveOnArrive() throws Exception {
        pair.onBoth("CREATE TABLE place (id int PRIMARY KEY, pos int UNIQUE DEFERRABLE)");
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.openStrict()) {
            onSource("INSERT INTO place SELECT i, i FROM generate_series(1, 200) i");
            onSource("DELETE FROM place WHERE id = 6");
            onSource("UPDATE place SET pos = pos + 1 WHERE id <= 5 OR id = 200");
            onSource("UPDATE place SET pos = pos + 1");
            stream.drain(SOON);
            fixture.assertEqualRows("place");
        }
    }

    @Test
    void keysOfATypeOfAnExtensionAreFound() throws Exception {
        pair.onBoth("CREATE EXTENSION ltree; CREATE TABLE tree (path ltree PRIMARY KEY, n int)");
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.openStrict()) {
            onSource(
                    "INSERT INTO tree SELECT ('a.' || i)::ltree, i FROM generate_series(1, 200) i");
            stream.drain(SOON);
            onSource("UPDATE tree SET n = -n");
            onSource("DELETE FROM tree WHERE n <= -150");
            stream.drain(SOON);
            onSource("UPDATE tree SET n = 0 WHERE n = -7");
            onSource("UPDATE tree SET path = 'b' WHERE n = -8");
            onSource("DELETE FROM tree WHERE n = -9");
            stream.drain(SOON);
            fixture.assertEqualRows("tree");
        }
    }

    @Test
    void rowMissingOnTheStandbyStopsTheStreamByName() throws Exception {
        pair.onBoth(ITEM);
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.openStrict()) {
            onSource("INSERT INTO item (id) VALUES (1)");
            stream.drain(SOON);
            Pair.run(pair.target(), "DELETE FROM item");
            onSource("UPDATE item SET name = 'x' WHERE id = 1");
            assertThatThrownBy(() -> stream.drain(SOON))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContaining("public.item");
        }
    }

    @Test
    void nothingIsLeftAfterRemove() throws Exception {
        pair.onBoth(ITEM);
        StreamFixture fixture = new StreamFixture(pair);
        fixture.openStrict().close();
        Remains.remove(
                new Remains.Owned(fixture.run, 0, 9),
                pair.source(),
                pair.target(),
                StreamFixture.kafka());
        assertThat(Pair.rows(pair.source(), "SELECT 1 FROM pg_publication")).isEmpty();
        assertThat(
                        Pair.rows(
                                pair.source(),
                                "SELECT 1 FROM pg_replication_slots WHERE database = "
                                        + "current_database()"))
                .isEmpty();
        assertThat(Pair.rows(pair.target(), "SELECT 1 FROM lockstep.position")).isEmpty();
    }
}
