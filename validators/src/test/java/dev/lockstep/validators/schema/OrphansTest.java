package dev.lockstep.validators.schema;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.Pair;
import dev.lockstep.validators.Progress;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Rows of the standby that refer to nothing.
class OrphansTest {
    static Stream<Planted> keys() {
        String off = "SET session_replication_role = replica;";
        String single = "ALTER TABLE \"My Item\" ADD CONSTRAINT k FOREIGN KEY (n) REFERENCES part;";
        String pair =
                "CREATE TABLE two (a int, b text, PRIMARY KEY (a, b)); CREATE TABLE \"To\" (id int"
                        + " PRIMARY KEY, x int, y text, FOREIGN KEY (x, y) REFERENCES two %s);";
        String full = pair.formatted("MATCH FULL");
        String simple = pair.formatted("MATCH SIMPLE");
        String parted =
                "ALTER TABLE part ADD FOREIGN KEY (n) REFERENCES \"My Item\" ON DELETE CASCADE;";
        return Stream.of(
                Planted.error(
                        single,
                        single + off + "INSERT INTO \"My Item\" VALUES (1, '', 5), (2, '', NULL)",
                        "foreign keys",
                        "1 row of \"public.My Item\"",
                        "\"public.part\" lacks"),
                Planted.error(
                        full,
                        full + off + "INSERT INTO \"To\" VALUES (1, 1, NULL), (2, NULL, NULL)",
                        "foreign keys",
                        "1 row of \"public.To\""),
                Planted.error(
                        simple,
                        simple + off + "INSERT INTO \"To\" VALUES (1, 1, NULL), (2, 1, 'x')",
                        "foreign keys",
                        "1 row of \"public.To\""),
                Planted.error(
                        parted,
                        parted + off + "INSERT INTO part VALUES (3, 3), (12, 4)",
                        "foreign keys",
                        "2 rows of \"public.part\""));
    }

    @ParameterizedTest
    @MethodSource({"keys"})
    void isFound(Planted planted) {
        planted.isFound();
    }

    @Test
    void orphansOfAKeyThatIsNotValidAreANote() {
        try (Pair pair = Pair.create()) {
            SchemaScene scene = new SchemaScene(pair);
            pair.onBoth(
                    """
                    CREATE TABLE a (id int PRIMARY KEY);
                    CREATE TABLE b (id int PRIMARY KEY, a int);
                    INSERT INTO b VALUES (1, 1);
                    ALTER TABLE b ADD FOREIGN KEY (a) REFERENCES a NOT VALID;
                    """);
            assertThat(scene.findings())
                    .singleElement()
                    .matches(f -> !f.forbidsSwitch())
                    .extracting(Finding::text)
                    .asString()
                    .contains("1 row of \"public.b\"", "SELECT c.* FROM ONLY \"public\".\"b\"");
        }
    }

    @Test
    void ofATableThatIsTruncatedAfterTheSnapshotNothingIsKnown() {
        try (Pair pair = Pair.create()) {
            SchemaScene scene = new SchemaScene(pair);
            pair.onBoth(
                    """
                    CREATE TABLE a (id int PRIMARY KEY) PARTITION BY LIST (id);
                    CREATE TABLE a1 PARTITION OF a FOR VALUES IN (1);
                    CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
                    INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1);
                    """);
            Runnable emptied =
                    () ->
                            scene.onStandby(
                                    "SET session_replication_role = replica; ALTER TABLE b DISABLE"
                                            + " TRIGGER ALL; BEGIN; CREATE TABLE k AS SELECT * FROM"
                                            + " b; TRUNCATE a, b; INSERT INTO a VALUES (1); INSERT"
                                            + " INTO b SELECT * FROM k; DROP TABLE k; COMMIT");
            isUnchecked(scene.orphans(Progress.NONE, emptied));
        }
    }

    @Test
    void ofATableThatLosesAPartitionAfterTheSnapshotNothingIsKnown() {
        for (String more : List.of("", "; DROP TABLE a2")) {
            try (Pair pair = Pair.create()) {
                SchemaScene scene = new SchemaScene(pair);
                pair.onBoth(
                        """
                        CREATE TABLE a (id int PRIMARY KEY) PARTITION BY LIST (id);
                        CREATE TABLE a1 PARTITION OF a FOR VALUES IN (1);
                        CREATE TABLE a2 PARTITION OF a FOR VALUES IN (2);
                        CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
                        INSERT INTO a VALUES (1), (2); INSERT INTO b VALUES (1, 1), (2, 2);
                        """);
                assertThat(scene.orphans(Progress.NONE, () -> {})).isEmpty();
                String detach = "DELETE FROM b WHERE id = 2; ALTER TABLE a DETACH PARTITION a2";
                Runnable change = () -> scene.onStandby(detach + more);
                isUnchecked(scene.orphans(Progress.NONE, change));
            }
        }
    }

    @Test
    void ofARewrittenTableThatRefersToAnotherNothingIsKnown() {
        try (Pair pair = Pair.create()) {
            SchemaScene scene = new SchemaScene(pair);
            pair.onBoth(
                    """
                    CREATE TABLE a (id int PRIMARY KEY);
                    CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
                    SET session_replication_role = replica; INSERT INTO b VALUES (1, 1);
                    """);
            Runnable rewritten = () -> scene.onStandby("ALTER TABLE b ALTER id TYPE bigint");
            isUnchecked(scene.orphans(Progress.NONE, rewritten));
        }
    }

    private static void isUnchecked(List<Finding> findings) {
        assertThat(findings)
                .singleElement()
                .matches(finding -> !finding.forbidsSwitch())
                .extracting(Finding::text)
                .asString()
                .contains("was not checked", "meanwhile");
    }
}
