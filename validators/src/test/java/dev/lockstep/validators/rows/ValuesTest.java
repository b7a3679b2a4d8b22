package dev.lockstep.validators.rows;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Mask;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import dev.lockstep.validators.Cell;
import dev.lockstep.validators.Difference;
import dev.lockstep.validators.Difference.Kind;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SnapshotSessions;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Which values are told apart, and which are the same on any server.
class ValuesTest {
    private static final Checksums.Shown ALL = new Checksums.Shown(1000, Mask.NONE);
    private static final String TYPES =
            """
            CREATE TYPE mood AS ENUM ('sad', 'happy');
            CREATE TYPE pair AS (a numeric, b bpchar);
            CREATE TYPE span AS RANGE (subtype = float8);
            CREATE DOMAIN price AS numeric CHECK (VALUE >= 0);
            CREATE DOMAIN dear AS price;
            CREATE DOMAIN word AS varchar(20);
            CREATE DOMAIN blank AS bpchar;
            CREATE DOMAIN ids AS int[];
            CREATE COLLATION no_case (
                provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            CREATE EXTENSION IF NOT EXISTS citext;
            CREATE EXTENSION IF NOT EXISTS hstore;
            """;

    /// Two values of each type, which differ as little as they can.
    private static final List<List<String>> PLANTED =
            List.of(
                    List.of("bool", "true", "false"),
                    List.of("int2", "1", "-1"),
                    List.of("int4", "1", "2"),
                    List.of("bigint", "1", "4294967296"),
                    List.of("bigint", "-1", "4294967295"),
                    List.of("oid", "1", "4000000000"),
                    List.of("numeric", "1.0", "1.00"),
                    List.of("numeric", "0", "0.0"),
                    List.of("numeric(10,3)[]", "{1}", "{1.001}"),
                    List.of("float8", "0", "-0"),
                    List.of("float4", "0.1", "0.10000001"),
                    List.of("float8[]", "{0}", "{-0}"),
                    List.of("money", "1.00", "1.01"),
                    List.of("text", "a", "a "),
                    List.of("text", "", "\\N"),
                    List.of("text COLLATE public.no_case", "a", "A"),
                    List.of("text", "NULL", "\\N"),
                    List.of("varchar(9)", "a", "a "),
                    List.of("char(9)", "a", "b"),
                    List.of("bpchar", "a", "a "),
                    List.of("public.blank", "a", "a "),
                    List.of("\"char\"", "a", "b"),
                    List.of("name", "a", "b"),
                    List.of("public.citext", "a", "A"),
                    List.of("bytea", "\\x00", "\\x0000"),
                    List.of(
                            "uuid",
                            "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
                            "6f9619ff-8b86-d011-b42d-00cf4fc964fe"),
                    List.of("date", "2026-01-01", "2026-01-02"),
                    List.of("date", "infinity", "-infinity"),
                    List.of("time", "00:00", "24:00"),
                    List.of("timetz", "12:00+00", "13:00+01"),
                    List.of("timestamp", "2026-01-01 00:00", "2026-01-01 00:00:00.000001"),
                    List.of("timestamptz", "2026-01-01 00:00Z", "2026-01-01 00:00:00.000001Z"),
                    List.of("interval", "1 day", "24 hours"),
                    List.of("interval", "1 month", "30 days"),
                    List.of("json", "{\"a\":1}", "{\"a\": 1}"),
                    List.of("jsonb", "{\"a\":1}", "{\"a\":1.0}"),
                    List.of("xml", "<a/>", "<a></a>"),
                    List.of("int[]", "{1,2}", "{{1,2}}"),
                    List.of("int[]", "{1}", "[2:2]={1}"),
                    List.of("text[]", "{NULL}", "{\"NULL\"}"),
                    List.of("text[]", "{a}", "{\"a \"}"),
                    List.of("bpchar[]", "{a}", "{\"a \"}"),
                    List.of("inet", "10.0.0.1", "10.0.0.1/24"),
                    List.of("cidr", "10.0.0.0/24", "10.0.0.0/25"),
                    List.of("macaddr", "08:00:2b:01:02:03", "08:00:2b:01:02:04"),
                    List.of("bit varying", "1", "10"),
                    List.of("bit(3)", "101", "100"),
                    List.of("point", "(0,0)", "(-0,0)"),
                    List.of("box", "(1,1),(0,0)", "(1,1.0000001),(0,0)"),
                    List.of("tsvector", "a:1", "a:2"),
                    List.of("pg_lsn", "0/1", "1/0"),
                    List.of("int4range", "[1,2)", "empty"),
                    List.of("numrange", "[1,2)", "[1.0,2)"),
                    List.of("datemultirange", "{}", "{[2026-01-01,2026-01-02)}"),
                    List.of("public.span", "[0,1)", "[-0,1)"),
                    List.of("public.mood", "sad", "happy"),
                    List.of("public.mood[]", "{sad}", "{happy}"),
                    List.of("public.pair", "(1,a)", "(1.0,a)"),
                    List.of("public.pair", "(,)", "\\N"),
                    List.of("public.pair", "(1,a)", "(1,\"a \")"),
                    List.of("public.dear", "1", "1.0"),
                    List.of("public.word", "a", "a "),
                    List.of("public.ids", "{1,2}", "{{1,2}}"),
                    List.of("public.hstore", "a=>1", "a=>NULL"));

    private final Pair pair = Pair.create();
    private final Scene scene = new Scene(pair.source(), pair.target());

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void equalValuesOfAllTypesMatchThoughCatalogNumbersDiffer() {
        createZoo();
        scene.both("INSERT INTO zoo SELECT 1; " + rowOf(2, 1) + ";" + rowOf(3, 2));

        assertThat(scene.differences()).isEmpty();
    }

    @Test
    void theSmallestDifferenceOfEachTypeIsFoundAndItsColumnNamed() {
        createZoo();
        for (int i = 0; i < PLANTED.size(); i++) {
            scene.onActive(valueAt(i, 1));
            scene.onStandby(valueAt(i, 2));
        }

        assertThat(everyDifference())
                .hasSize(PLANTED.size())
                .allSatisfy(d -> {
                    assertThat(d.kind()).isEqualTo(Kind.DIFFERENT);
                    assertThat(d.cells())
                            .extracting(Cell::column)
                            .containsExactly("c" + d.key().get("id"));
                });
    }

    @Test
    void oneValueInTwoInnerFormsIsTheSame() {
        scene.both("CREATE TABLE t (nan float8, list int[])");
        scene.onActive(
                """
                INSERT INTO t
                VALUES ('Infinity'::float8 - 'Infinity', array_remove(ARRAY[1, NULL], NULL))\
                """);
        scene.onStandby("INSERT INTO t VALUES ('NaN', '{1}')");

        assertThat(scene.differences()).isEmpty();
    }

    @Test
    void findsOneByteInAMegabyte() {
        scene.both(
                """
                CREATE TABLE t (id int PRIMARY KEY, v bytea, w text);
                INSERT INTO t
                VALUES (1, decode(repeat('5a', 1048576), 'hex'), repeat('x', 1000000))\
                """);
        assertThat(scene.differences()).isEmpty();

        scene.onStandby("UPDATE t SET v = set_byte(v, 777777, 91)");

        assertThat(scene.differences())
                .extracting(Difference::text)
                .singleElement(as(InstanceOfAssertFactories.STRING))
                .startsWith("public.t (id=1) differs in v: ...'")
                .contains("a5b5a", "of which the first 1,555,557 are alike");
    }

    @Test
    void comparesGeneratedColumns() {
        scene.onActive(
                "CREATE TABLE t (id int PRIMARY KEY, a int GENERATED ALWAYS AS (id * 2) STORED,"
                        + " b int GENERATED ALWAYS AS (id * 3) VIRTUAL)");
        scene.onStandby(
                "CREATE TABLE t (id int PRIMARY KEY, a int GENERATED ALWAYS AS (id * 2) STORED,"
                        + " b int GENERATED ALWAYS AS (id * 4) VIRTUAL)");
        scene.both("INSERT INTO t VALUES (1)");

        assertThat(scene.differences())
                .flatExtracting(Difference::cells)
                .extracting("column")
                .containsExactly("b");
    }

    @Test
    void widerColumnsWithTheSameValuesMatch() {
        scene.onActive("CREATE TABLE t (id int PRIMARY KEY, v int, w varchar(5), x text)");
        scene.onStandby("CREATE TABLE t (id bigint PRIMARY KEY, v numeric, w text, x varchar(9))");
        scene.both("INSERT INTO t SELECT i, i, i, i FROM generate_series(1, 30000) AS i");
        assertThat(scene.differences()).isEmpty();

        scene.onStandby(
                "UPDATE t SET v = 20001.0 WHERE id = 20001;"
                        + " INSERT INTO t VALUES (5000000000, 1, 1, 1)");

        assertThat(scene.differences())
                .extracting(Difference::text)
                .containsExactlyInAnyOrder(
                        "public.t (id=20001) differs in v: '20001', on the standby '20001.0'",
                        "public.t (id=5000000000) is only on the standby");
    }

    @Test
    void serversWithOtherEncodingsAreComparedByPortableHashes() {
        try (Db latin = latinDatabase()) {
            Scene across = new Scene(pair.source(), latin);
            across.both(
                    "CREATE TABLE t (id bigint PRIMARY KEY, v text, w numeric, x bytea, y text)");
            across.both(
                    "INSERT INTO t SELECT i, 'é' || i, i / 3.0, '\\x00', NULL"
                            + " FROM generate_series(1, 30000) AS i");
            try (SnapshotSessions sessions = across.open(Mapping.NONE)) {
                assertThat(RowHash.commonTo(sessions.sides().pairs().getFirst()))
                        .isEqualTo(RowHash.PORTABLE);
            }
            assertThat(across.differences()).isEmpty();

            across.onStandby(
                    "UPDATE t SET y = '' WHERE id = 29999; UPDATE t SET v = 'ê' WHERE id = 1;"
                            + " DELETE FROM t WHERE id = 3");

            assertThat(across.differences())
                    .extracting(Difference::text)
                    .containsExactlyInAnyOrder(
                            "public.t (id=29999) differs in y: NULL, on the standby ''",
                            "public.t (id=1) differs in v: 'é1', on the standby 'ê'",
                            "public.t (id=3) is missing on the standby");
        }
    }

    @Test
    void oneServerHashesAlike() {
        try (SnapshotSessions sessions = scene.open(Mapping.NONE)) {
            assertThat(RowHash.commonTo(sessions.sides().pairs().getFirst()))
                    .isEqualTo(RowHash.NATIVE);
        }
    }

    /// The standby's types and enum values get other numbers in the catalog.
    private void createZoo() {
        scene.onStandby(
                "CREATE TYPE other AS ENUM ('x', 'y', 'z'); CREATE TABLE before (id int);"
                        + " DROP TABLE before");
        String columns =
                IntStream.range(0, PLANTED.size())
                        .mapToObj(i -> "c" + i + " " + PLANTED.get(i).getFirst())
                        .collect(Collectors.joining(", "));
        scene.both(TYPES + "CREATE TABLE zoo (id int PRIMARY KEY, " + columns + ")");
    }

    private static String rowOf(int id, int value) {
        return PLANTED.stream()
                .map(planted -> literal(planted.get(value)))
                .collect(Collectors.joining(", ", "INSERT INTO zoo VALUES (" + id + ", ", ")"));
    }

    private static String valueAt(int column, int value) {
        return "INSERT INTO zoo (id, c%1$d) VALUES (%1$d, %2$s)"
                .formatted(column, literal(PLANTED.get(column).get(value)));
    }

    private static String literal(String value) {
        return value.equals("\\N") ? "NULL" : "'" + value + "'";
    }

    private List<Difference> everyDifference() {
        try (SnapshotSessions sessions = scene.open(Mapping.NONE)) {
            return Scene.differences(new Checksums(Progress.NONE, ALL).validate(sessions.sides()));
        }
    }

    private static Db latinDatabase() {
        String name = "latin_" + ProcessHandle.current().pid();
        try (Db admin = PostgresServer.shared().open("postgres");
                Session session = admin.session("create")) {
            session.run(
                    "CREATE DATABASE "
                            + name
                            + " ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
        }
        return PostgresServer.shared().open(name);
    }
}
