package dev.lockstep.validators.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.testing.Pair;
import dev.lockstep.validators.Cell;
import dev.lockstep.validators.Difference;
import dev.lockstep.validators.Difference.Kind;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SnapshotSessions;
import dev.lockstep.validators.Verdict;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ChecksumsTest {
    private final Pair pair = Pair.create();
    private final Scene scene = new Scene(pair.source(), pair.target());

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void emptyTablesAndTablesWithoutColumnsMatch() {
        scene.both(
                "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (); CREATE TABLE c (x xml)");

        assertThat(scene.checksums()).isInstanceOf(Verdict.Match.class);
    }

    @Test
    void manyRowsMatchChunkByChunkAndProgressIsTold() {
        scene.both(
                """
                CREATE TABLE item (id bigint PRIMARY KEY, name text, price numeric);
                INSERT INTO item SELECT i, 'n' || i, i / 7.0 FROM generate_series(1, 100000) AS i\
                """);
        Queue<Long> told = new ConcurrentLinkedQueue<>();

        try (SnapshotSessions sessions = scene.open(Mapping.NONE)) {
            Verdict verdict =
                    new Checksums((_, rows) -> told.add(rows), Scene.SHOWN)
                            .validate(sessions.sides());

            assertThat(verdict).isInstanceOf(Verdict.Match.class);
            assertThat(verdict.rows()).isEqualTo(100_000);
            assertThat(verdict.tables()).isEqualTo(1);
            assertThat(told).hasSizeGreaterThan(4).contains(100_000L);
        }
    }

    @Test
    void findsRowsOnEitherSideBelowWithinAndAboveTheOthersKeys() {
        scene.both(
                """
                CREATE TABLE item (id int PRIMARY KEY, name text);
                INSERT INTO item SELECT i, 'n' || i FROM generate_series(1, 50000) AS i\
                """);
        scene.onActive(
                "INSERT INTO item VALUES (-3, 'a'), (90000, 'a');"
                        + " UPDATE item SET name = 'x' WHERE id = 777");
        scene.onStandby(
                "INSERT INTO item VALUES (-7, 's'), (91000, 's');"
                        + " DELETE FROM item WHERE id IN (1, 25000)");

        Verdict verdict = scene.checksums();

        assertThat(verdict).extracting("differences").isEqualTo(7L);
        assertThat(Scene.differences(verdict))
                .extracting(Difference::kind, d -> d.key().get("id"))
                .containsExactlyInAnyOrder(
                        tuple(Kind.MISSING_ON_STANDBY, "-3"),
                        tuple(Kind.MISSING_ON_STANDBY, "90000"),
                        tuple(Kind.MISSING_ON_STANDBY, "1"),
                        tuple(Kind.MISSING_ON_STANDBY, "25000"),
                        tuple(Kind.EXTRA_ON_STANDBY, "-7"),
                        tuple(Kind.EXTRA_ON_STANDBY, "91000"),
                        tuple(Kind.DIFFERENT, "777"));
    }

    @Test
    void findsValuesSwappedBetweenRows() {
        scene.both("CREATE TABLE t (id int PRIMARY KEY, v int, w int)");
        scene.onActive("INSERT INTO t SELECT i, i, -i FROM generate_series(1, 1000) AS i");
        scene.onStandby(
                "INSERT INTO t SELECT i, i # 1, -i FROM generate_series(0, 1001) AS i"
                        + " WHERE i BETWEEN 2 AND 999;"
                        + " INSERT INTO t VALUES (1, 1, -1), (1000, 1000, -1000)");

        assertThat(scene.checksums()).extracting("differences").isEqualTo(998L);
    }

    @Test
    void countsAllDifferencesAndShowsTwenty() {
        scene.both("CREATE TABLE t (id int PRIMARY KEY, v int)");
        scene.onActive("INSERT INTO t SELECT i, i FROM generate_series(1, 45000) AS i");
        scene.onStandby("INSERT INTO t SELECT i, -i FROM generate_series(1, 45000) AS i");

        Verdict verdict = scene.checksums();

        assertThat(verdict).extracting("differences").isEqualTo(45_000L);
        assertThat(Scene.differences(verdict))
                .hasSize(20)
                .flatExtracting(Difference::cells)
                .allMatch(cell -> cell.column().equals("v"));
    }

    @Test
    void seesTheSnapshotsAndNothingWrittenAfterThem() {
        scene.both("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1)");

        Verdict verdict =
                scene.checksums(
                        Mapping.NONE,
                        () -> scene.onActive("UPDATE t SET v = 2; INSERT INTO t VALUES (2, 2)"));

        assertThat(verdict).isInstanceOf(Verdict.Match.class);
        assertThat(scene.differences()).hasSize(2);
    }

    @Test
    void comparesTablesWithoutKeyAsMultisets() {
        scene.both(
                "CREATE TABLE t (a text, b text);"
                        + " INSERT INTO t VALUES ('x', 'y'), ('x', 'y'), (NULL, '')");
        assertThat(scene.checksums()).isInstanceOf(Verdict.Match.class);

        scene.onActive("INSERT INTO t VALUES ('x', 'y'), ('a', NULL)");
        scene.onStandby("INSERT INTO t VALUES (NULL, 'a')");

        assertThat(scene.differences())
                .extracting(
                        Difference::kind, Difference::key, Difference::active, Difference::standby)
                .containsExactlyInAnyOrder(
                        tuple(Kind.MISSING_ON_STANDBY, Map.of("a", "'x'", "b", "'y'"), 3L, 2L),
                        tuple(Kind.MISSING_ON_STANDBY, Map.of("a", "'a'", "b", "NULL"), 1L, 0L),
                        tuple(Kind.EXTRA_ON_STANDBY, Map.of("a", "NULL", "b", "'a'"), 0L, 1L));
    }

    @Test
    void splitsLargeTablesWithoutOrderIntoBuckets() {
        scene.both(
                "CREATE TABLE t (a int, b text); INSERT INTO t SELECT i, i::text"
                        + " FROM generate_series(1, 210000) AS i");
        scene.onStandby("DELETE FROM t WHERE a = 4711");

        assertThat(scene.differences())
                .extracting(Difference::kind, d -> d.key().get("a"))
                .containsExactly(tuple(Kind.MISSING_ON_STANDBY, "'4711'"));
    }

    @Test
    void comparesKeysThatTheTwoServersSortDifferently() {
        scene.onActive("CREATE TABLE t (k text COLLATE \"C\" PRIMARY KEY, v int)");
        scene.onStandby("CREATE TABLE t (k text COLLATE \"und-x-icu\" PRIMARY KEY, v int)");
        scene.both(
                "INSERT INTO t SELECT CASE i % 2 WHEN 0 THEN 'a' ELSE 'B' END || i, i"
                        + " FROM generate_series(1, 50000) AS i");
        assertThat(scene.checksums()).isInstanceOf(Verdict.Match.class);

        scene.onStandby("UPDATE t SET v = 0 WHERE k = 'a20000'");

        assertThat(scene.differences())
                .extracting(Difference::text)
                .containsExactly("public.t (k=a20000) differs in v: '20000', on the standby '0'");
    }

    @Test
    void findsRowsWithoutKeyOnTheStandby() {
        scene.onActive(
                "CREATE TABLE t (k int NOT NULL UNIQUE, v int);"
                        + " ALTER TABLE t REPLICA IDENTITY FULL");
        scene.onStandby("CREATE TABLE t (k int UNIQUE, v int); INSERT INTO t VALUES (NULL, 1)");
        scene.both("INSERT INTO t SELECT i, i FROM generate_series(1, 30000) AS i");

        assertThat(scene.differences())
                .extracting(Difference::kind)
                .containsExactly(Kind.EXTRA_ON_STANDBY);
    }

    @Test
    void followsCompositeKeysRenamesOddNamesAndOtherColumnOrders() {
        scene.onActive(
                """
                CREATE SCHEMA "O'x";
                CREATE TABLE "O'x"."T ""?" (
                    "b%s" text, "A?" int, "c\\" date, PRIMARY KEY ("A?", "b%s"));
                INSERT INTO "O'x"."T ""?"
                SELECT i, i % 300, NULL FROM generate_series(1, 60000) AS i\
                """);
        scene.onStandby(
                """
                CREATE TABLE renamed (
                    "c\\" date, extra int DEFAULT 5, a bigint, b varchar(40), PRIMARY KEY (a, b));
                INSERT INTO renamed SELECT NULL, 1, i % 300, i FROM generate_series(1, 60000) AS i\
                """);
        Mapping mapping =
                new Mapping(
                        Map.of(
                                new TableName("O'x", "T \"?"),
                                new Mapping.Rule(
                                        new TableName("public", "renamed"),
                                        Map.of("A?", "a", "b%s", "b"))));
        assertThat(scene.checksums(mapping, () -> {})).isInstanceOf(Verdict.Match.class);

        scene.onStandby("UPDATE renamed SET \"c\\\" = '2026-01-01' WHERE a = 7 AND b = '30007'");

        assertThat(Scene.differences(scene.checksums(mapping, () -> {})))
                .containsExactly(
                        new Difference(
                                new TableName("O'x", "T \"?"),
                                Kind.DIFFERENT,
                                Map.of("A?", "7", "b%s", "30007"),
                                List.of(new Cell("c\\", "NULL", "'2026-01-01'")),
                                List.of(Optional.of("7"), Optional.of("30007")),
                                1,
                                1));
    }

    @Test
    void namesEveryColumnThatTheStandbyLacks() {
        scene.onActive("CREATE TABLE t (id int PRIMARY KEY, v int, w int)");
        scene.onStandby("CREATE TABLE t (id int PRIMARY KEY)");

        assertThatThrownBy(scene::checksums)
                .isInstanceOfSatisfying(
                        LockstepException.class,
                        e -> {
                            assertThat(e.fault()).isEqualTo(Fault.PRECONDITION);
                            assertThat(e.text())
                                    .contains("\"public.t\" of database \"" + pair.target().label())
                                    .contains("no column \"v\"")
                                    .contains("no column \"w\"");
                        });
    }

    @Test
    void aLostConnectionStopsAllWorkers() {
        scene.both("CREATE TABLE t (id int PRIMARY KEY)");

        assertThatThrownBy(() ->
                        scene.checksums(
                                Mapping.NONE,
                                () ->
                                        scene.onStandby(
                                                """
                                                SELECT pg_terminate_backend(pid)
                                                  FROM pg_stat_activity
                                                 WHERE datname = current_database()
                                                   AND application_name = 'test verify'\
                                                """)))
                .isInstanceOfSatisfying(
                        LockstepException.class,
                        e -> assertThat(e.fault()).isEqualTo(Fault.UNREACHABLE));
    }

    @Test
    void interruptionEndsTheComparison() {
        scene.both("CREATE TABLE t (id int PRIMARY KEY)");

        assertThatThrownBy(() ->
                        scene.checksums(Mapping.NONE, () -> Thread.currentThread().interrupt()))
                .isInstanceOf(LockstepException.class);

        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void rowCountsTellTablesWithOtherNumbersOfRows() {
        scene.both("CREATE TABLE t (id int); CREATE TABLE u (id int); INSERT INTO u VALUES (1)");
        scene.onStandby("INSERT INTO u VALUES (2)");

        try (SnapshotSessions sessions = scene.open(Mapping.NONE)) {
            Verdict verdict = new RowCounts(Progress.NONE).validate(sessions.sides());

            assertThat(Scene.differences(verdict))
                    .extracting(Difference::text)
                    .containsExactly("public.u has 1 row, on the standby 2");
            assertThat(verdict.rows()).isEqualTo(1);
        }
    }
}
