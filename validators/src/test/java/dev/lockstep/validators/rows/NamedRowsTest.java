package dev.lockstep.validators.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Mask;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.validators.Difference;
import dev.lockstep.validators.NamedRows;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SnapshotSessions;
import dev.lockstep.validators.Verdict;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Comparisons of some rows only.
class NamedRowsTest {
    private static final TableName T = new TableName("public", "t");

    private final Pair pair = Pair.create();
    private final Scene scene = new Scene(pair.source(), pair.target());

    @AfterEach
    void close() {
        pair.close();
    }

    private Verdict compared(List<String> columns, List<List<String>> keys, boolean prepared) {
        try (SnapshotSessions sessions = scene.open(Mapping.NONE)) {
            Checksums checksums =
                    new Checksums(Progress.NONE, Scene.SHOWN)
                            .narrowedTo(Map.of(T, new NamedRows(columns, keys)));
            Checksums wanted =
                    prepared
                            ? checksums.with(
                                    Prepared.of(
                                            sessions.sides().tables(),
                                            sessions.sides().pairs().getFirst(),
                                            Mask.NONE))
                            : checksums;
            return wanted.validate(sessions.sides());
        }
    }

    private List<String> differences(List<String> columns, List<List<String>> keys) {
        return Scene.differences(compared(columns, keys, false)).stream()
                .map(Difference::text)
                .toList();
    }

    private static List<List<String>> keys(String... keys) {
        return Stream.of(keys).map(key -> List.of(key)).toList();
    }

    @Test
    void onlyTheNamedRowsAreLookedAt() {
        scene.both(
                """
                CREATE TABLE t (id int PRIMARY KEY, v text);
                INSERT INTO t SELECT i, 'v' FROM generate_series(1, 5000) i\
                """);
        scene.onStandby("UPDATE t SET v = 'w' WHERE id IN (3, 4); DELETE FROM t WHERE id = 5");
        scene.onActive("DELETE FROM t WHERE id = 6");
        assertThat(differences(List.of("id"), keys("1", "2", "-7"))).isEmpty();
        assertThat(differences(List.of("id"), keys("1", "3", "5", "6", "-7")))
                .containsExactly(
                        "public.t (id=5) is missing on the standby",
                        "public.t (id=6) is only on the standby",
                        "public.t (id=3) differs in v: 'v', on the standby 'w'");
        List<List<String>> all =
                IntStream.rangeClosed(1, 5000).mapToObj(i -> List.of("" + i)).toList();
        for (boolean prepared : List.of(true, false)) {
            Verdict verdict = compared(List.of("id"), all, prepared);
            assertThat(verdict.rows()).isEqualTo(4999);
            assertThat(verdict).extracting("differences").isEqualTo(4L);
        }
    }

    @Test
    void columnsOfAKeyComeInAnyOrderAndAnotherKeyMeansTheWholeTable() {
        scene.both(
                """
                CREATE TABLE t (a int, b text, c int UNIQUE, PRIMARY KEY (b, a));
                INSERT INTO t SELECT i, 'b' || i, -i FROM generate_series(1, 100) i\
                """);
        scene.onStandby("UPDATE t SET c = 0 WHERE a = 7");
        assertThat(differences(List.of("a", "b"), List.of(List.of("7", "b7")))).hasSize(1);
        assertThat(differences(List.of("b", "a"), List.of(List.of("b7", "7")))).hasSize(1);
        assertThat(differences(List.of("a", "b"), List.of(List.of("7", "b8")))).isEmpty();
        assertThat(differences(List.of("c"), keys("-8"))).hasSize(1);
    }

    /// Two texts may name one row, and each is its own index's equal.
    @Test
    void aKeyIsEqualAsItsIndexHasIt() {
        scene.both(
                """
                CREATE EXTENSION citext;
                CREATE TABLE t (k citext PRIMARY KEY, "lockstep_named_0" int);
                INSERT INTO t VALUES ('Ab', 1), ('c''"\\', 2), ('NULL', 3)\
                """);
        scene.onStandby("UPDATE t SET \"lockstep_named_0\" = 0");
        assertThat(differences(List.of("k"), keys("aB", "AB"))).hasSize(1);
        assertThat(differences(List.of("k"), keys("C'\"\\", "null", ""))).hasSize(2);
    }

    @Test
    void theIndexIsUsedHoweverLittleIsKnownOfTheTable() {
        scene.both(
                """
                CREATE TABLE t (a numeric, b varchar(9), v text, PRIMARY KEY (a, b));
                ALTER TABLE t SET (autovacuum_enabled = off);
                INSERT INTO t SELECT i, 'b', repeat('v', 500) FROM generate_series(1, 100000) i\
                """);
        List<List<String>> keys =
                IntStream.rangeClosed(1, 1000).mapToObj(i -> List.of("" + i, "b")).toList();
        try (SnapshotSessions sessions = scene.open(Mapping.NONE)) {
            Session active = sessions.sides().pairs().getFirst().active();
            PairedTable table =
                    Pairing.all(
                                    sessions.sides().tables(),
                                    sessions.sides().pairs().getFirst(),
                                    RowHash.NATIVE,
                                    Mask.NONE)
                            .getFirst();
            Chunk chunk = new Chunk.Named(keys);
            TableSide.Query query = table.active().digest(chunk, false);
            chunk.plan(active);
            List<String> plan =
                    active.rows(
                            "EXPLAIN ANALYZE " + query.sql(),
                            row -> row.textAt(1).orElseThrow(),
                            query.values());
            assertThat(String.join("\n", plan))
                    .contains("Index Cond")
                    .contains("t_pkey")
                    .doesNotContain("Seq Scan on t ");
        }
    }
}
