package dev.lockstep.cdc.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Much in one row, and much in one transaction. What takes minutes is done with
/// `-Dlockstep.heavy=true`.
@Execution(ExecutionMode.CONCURRENT)
class LargeTest {
    private static final int COLUMNS_MAX = 1_600;
    private static final String SUM =
            "SELECT count(*), sum(id), sum(n), sum(hashtextextended(note, 0)) FROM many";

    private static String columns(String form, String between) {
        return IntStream.rangeClosed(1, COLUMNS_MAX - 1)
                .mapToObj(i -> form.replace("#", "" + i))
                .collect(Collectors.joining(between));
    }

    @ParameterizedTest
    @EnumSource(names = {"ONE_BY_ONE", "BESIDE_A_COPY"})
    void asManyColumnsAsATableCanHave(Way way) throws Exception {
        String tables =
                """
                CREATE TABLE wide (id int PRIMARY KEY, %1$s);
                CREATE TABLE bare (LIKE wide);
                ALTER TABLE bare REPLICA IDENTITY FULL;
                """
                        .formatted(columns("c# smallint", ", "));
        String rows =
                """
                INSERT INTO wide SELECT i, %s FROM generate_series(1, 60) i;
                INSERT INTO wide (id) VALUES (100); INSERT INTO bare SELECT * FROM wide;
                """
                        .formatted(columns("i", ", "));
        List<String> changes =
                List.of(
                        "UPDATE wide SET " + columns("c# = 7 - c#", ", "),
                        "UPDATE wide SET c1599 = NULL WHERE id < 5",
                        "UPDATE wide SET id = -id WHERE id < 9",
                        "UPDATE bare SET c1 = 1, c1599 = NULL WHERE id < 4",
                        "DELETE FROM bare WHERE id = 4; DELETE FROM wide WHERE id = 10");
        way.carry(tables, List.of(rows), changes);
    }

    private static final String MANY =
            """
            CREATE TABLE many (id int PRIMARY KEY, n bigint, note text);
            INSERT INTO many SELECT i, i, 'n' || i FROM generate_series(1, 1000) i;
            """;

    @Test
    void aTransactionOfManyChangesNeedsLittleMemory() throws Exception {
        try (Pair pair = Pair.create()) {
            manyChanges(pair, 120_000, 160);
        }
    }

    /// On a server of its own: a slot that another test makes would wait for its end.
    @Test
    @EnabledIfSystemProperty(named = "lockstep.heavy", matches = "true")
    void aTransactionOfVeryManyChangesNeedsLittleMemory() throws Exception {
        Db own = PostgresServer.start(Map.of()).database();
        try (Pair pair = Pair.of(own, PostgresServer.shared().database())) {
            manyChanges(pair, 20_000_000, 1024);
        }
    }

    private static void manyChanges(Pair pair, int changes, int heap) throws Exception {
        pair.onBoth(MANY);
        String work =
                """
                BEGIN; INSERT INTO many SELECT i, i, 'new' FROM generate_series(1001, %1$s) i;
                UPDATE many SET n = -n WHERE id %% 4 = 0; UPDATE many SET note = NULL
                    WHERE id <= 1000; DELETE FROM many WHERE id %% 9 = 0; COMMIT
                """
                        .formatted(changes * 8 / 11);
        var told = SmallHeap.carry(pair, heap, () -> Pair.run(pair.source(), work));
        assertThat(told.exit()).as(told.text()).isZero();
        assertThat(Pair.rows(pair.target(), SUM)).isEqualTo(Pair.rows(pair.source(), SUM));
    }

    @Test
    void oldRowsWithTheirLargeValuesNeedLittleMemory() throws Exception {
        try (Pair pair = Pair.create()) {
            pair.onBoth(
                    """
                    CREATE TABLE doc (id int PRIMARY KEY, done boolean, body text);
                    ALTER TABLE doc REPLICA IDENTITY FULL, ALTER body SET STORAGE EXTERNAL;
                    INSERT INTO doc
                        SELECT i, false, repeat('b', 200000) FROM generate_series(1, 600) i;
                    """);
            String work = "UPDATE doc SET done = true";
            var told = SmallHeap.carry(pair, 160, () -> Pair.run(pair.source(), work));
            assertThat(told.exit()).as(told.text()).isZero();
            assertThat(Pair.rows(pair.target(), "SELECT count(*) FROM doc WHERE done"))
                    .containsExactly("(600)");
        }
    }

    @Test
    void aRowOfManyMegabytesArrives() throws Exception {
        assertThat(bigRows(8, 256).exit()).isZero();
    }

    @Test
    @EnabledIfSystemProperty(named = "lockstep.heavy", matches = "true")
    void aRowOfTwoHundredMegabytesArrivesWhereThereIsMemory() throws Exception {
        SmallHeap.Told told = bigRows(200, 6144);
        assertThat(told.exit()).as(told.text()).isZero();
    }

    /// With too little heap for the larger ones.
    @ParameterizedTest
    @ValueSource(ints = {100, 200, 400})
    @EnabledIfSystemProperty(named = "lockstep.heavy", matches = "true")
    void aRowOfVeryManyMegabytesArrivesOrStopsTheStream(int megabytes) throws Exception {
        bigRows(megabytes, 768);
    }

    private static SmallHeap.Told bigRows(int megabytes, int heap) throws Exception {
        try (Pair pair = Pair.create()) {
            pair.onBoth("CREATE TABLE big (id int PRIMARY KEY, one text, two bytea)");
            String work =
                    """
                    INSERT INTO big VALUES (1, repeat('ab', %1$s << 19), 'small');
                    INSERT INTO big VALUES (2, 'x', decode(repeat('00ff', %1$s << 18), 'hex'));
                    UPDATE big SET one = one || 'ü' WHERE id = 1;
                    UPDATE big SET id = id + 10;
                    """
                            .formatted(megabytes);
            long before = System.nanoTime();
            var told = SmallHeap.carry(pair, heap, () -> Pair.run(pair.source(), work));
            System.err.printf(
                    "%d MB: exit %d after %d s: %s%n",
                    megabytes,
                    told.exit(),
                    (System.nanoTime() - before) / 1_000_000_000,
                    told.text());
            if (told.exit() == 0) {
                assertThat(sums(pair.target())).isEqualTo(sums(pair.source()));
            } else {
                assertThat(told.text())
                        .contains("LockstepException", "no memory left", "LOCKSTEP_OPTS");
            }
            return told;
        }
    }

    private static List<String> sums(Db db) {
        return Pair.rows(
                db,
                "SELECT id, length(one), length(two), hashtextextended(one, 0), md5(two) FROM big"
                        + " ORDER BY id");
    }
}
