package dev.lockstep.validators.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Mask;
import dev.lockstep.testing.Pair;
import dev.lockstep.validators.SnapshotSessions;
import dev.lockstep.validators.rows.PairedTable.Split;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// How tables are cut by their keys.
class KeysTest {
    private static final int ROWS = 21_000;

    /// Key types that sort alike everywhere, and a key for the number `i` in each.
    private static final Map<String, String> SORTED =
            Map.ofEntries(
                    Map.entry("int8", "i - 9000000000"),
                    Map.entry("numeric(12,2)", "CASE i WHEN 5 THEN 'NaN' ELSE i / 7.0 END"),
                    Map.entry("float8", "CASE i WHEN 5 THEN '-Infinity' ELSE i / 7.0::float8 END"),
                    Map.entry("uuid", "md5(i::text)::uuid"),
                    Map.entry("bytea", "sha256(i::text::bytea)"),
                    Map.entry(
                            "date", "CASE i WHEN 5 THEN 'infinity' ELSE date '0001-01-01' - i END"),
                    Map.entry("timestamptz", "'epoch'::timestamptz + i * interval '1 us'"),
                    Map.entry("inet", "'10.0.0.0'::inet + i"),
                    Map.entry("text COLLATE \"C\"", "chr(i + 200) || ' ''\"\\{},'"),
                    Map.entry("varchar(30) COLLATE \"de-x-icu\"", "'Ä-' || chr(i + 200)"),
                    Map.entry("char(30) COLLATE \"C\"", "'x' || i"),
                    Map.entry("name", "'x' || i"));

    private final Pair pair = Pair.create();
    private final Scene scene = new Scene(pair.source(), pair.target());

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void keysThatSortAlikeAreCutIntoRangesAndNoRowEscapes() {
        SORTED.forEach((type, key) ->
                scene.both(
                        """
                        CREATE TABLE "%1$s" (k %2$s PRIMARY KEY, n int, v int);
                        INSERT INTO "%1$s"
                        SELECT %3$s, row_number() OVER (ORDER BY (%3$s)::%2$s), i
                          FROM generate_series(1, %4$d) AS i\
                        """
                                .formatted(type.replace("\"", "'"), type, key, ROWS)));
        assertThat(splits()).hasSize(SORTED.size()).allMatch(Split.RANGES::equals);
        assertThat(scene.checksums()).extracting("rows").isEqualTo((long) ROWS * SORTED.size());
        assertThat(scene.differences()).isEmpty();

        String edges =
                SORTED.keySet().stream()
                        .map(type -> type.replace("\"", "'"))
                        .map("DELETE FROM \"%s\" WHERE n IN (1, 20000, 20001, 21000)"::formatted)
                        .collect(Collectors.joining(";"));
        scene.onStandby(edges);

        assertThat(scene.checksums()).extracting("differences").isEqualTo(4L * SORTED.size());
    }

    @Test
    void keysThatMaySortDifferentlyAreNotCut() {
        scene.onActive("CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TYPE own AS (x int)");
        scene.onStandby("CREATE TYPE mood AS ENUM ('b', 'a'); CREATE TYPE own AS (x int)");
        scene.onActive("CREATE TABLE text_key (k text COLLATE \"de-x-icu\" PRIMARY KEY)");
        scene.onStandby("CREATE TABLE text_key (k text COLLATE \"sv-x-icu\" PRIMARY KEY)");
        scene.both(
                """
                CREATE TABLE enum_key (k mood PRIMARY KEY);
                CREATE TABLE own_key (k own PRIMARY KEY);
                CREATE TABLE array_key (k int[] PRIMARY KEY);
                CREATE TABLE json_key (k jsonb PRIMARY KEY);
                CREATE TABLE late (k int PRIMARY KEY DEFERRABLE);
                CREATE TABLE keyless (k int);
                INSERT INTO enum_key VALUES ('a'), ('b'); INSERT INTO text_key VALUES ('z'), ('ö')\
                """);
        scene.onActive("CREATE TABLE no_index (k int PRIMARY KEY)");
        scene.onStandby("CREATE TABLE no_index (k int)");

        assertThat(splits()).hasSize(8).allMatch(Split.NONE::equals);
        assertThat(scene.differences()).isEmpty();
    }

    @Test
    void keysOtherThanPrimaryOnesAreCutIntoRangesAndWhatHasNone() {
        scene.both(
                """
                CREATE TABLE t (a int NOT NULL, b int NOT NULL, UNIQUE (a, b));
                ALTER TABLE t REPLICA IDENTITY FULL;
                INSERT INTO t SELECT i % 3, i FROM generate_series(1, 50000) AS i\
                """);
        assertThat(splits()).containsExactly(Split.RANGES_AND_NULLS);
        assertThat(scene.differences()).isEmpty();

        scene.onStandby(
                "ALTER TABLE t ALTER b DROP NOT NULL; UPDATE t SET b = NULL WHERE b IN (1, 29)");

        assertThat(scene.checksums()).extracting("differences").isEqualTo(4L);
    }

    @Test
    void partitionedTablesAndTheirPartitionsAreReadOnce() {
        scene.onActive(
                """
                CREATE TABLE day (id int PRIMARY KEY);
                CREATE TABLE child () INHERITS (day); INSERT INTO child VALUES (7)\
                """);
        scene.onStandby(
                """
                CREATE TABLE day (id int PRIMARY KEY) PARTITION BY RANGE (id);
                CREATE TABLE day_1 PARTITION OF day FOR VALUES FROM (0) TO (15000);
                CREATE TABLE day_2 PARTITION OF day DEFAULT;
                CREATE TABLE child (id int); INSERT INTO child VALUES (7)\
                """);
        scene.both("INSERT INTO day SELECT generate_series(1, 30000)");

        assertThat(scene.differences()).isEmpty();
    }

    private List<Split> splits() {
        try (SnapshotSessions sessions = scene.open(Mapping.NONE)) {
            return Pairing.all(
                            sessions.sides().tables(),
                            sessions.sides().pairs().getFirst(),
                            RowHash.NATIVE,
                            Mask.NONE)
                    .stream()
                    .map(PairedTable::split)
                    .toList();
        }
    }
}
