package dev.lockstep.validators.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Mask;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.testing.Pair;
import dev.lockstep.validators.Difference;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.Sides;
import dev.lockstep.validators.SnapshotSessions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What a person is shown of a row that differs.
class ShownValuesTest {
    private final Pair pair = Pair.create();
    private final Scene scene = new Scene(pair.source(), pair.target());

    @AfterEach
    void close() {
        pair.close();
    }

    /// The text of the only difference, of a row whose key is 1.
    private String shown(String type, String active, String standby) {
        scene.both(
                "DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v %s)"
                        .formatted(type));
        scene.onActive("INSERT INTO t VALUES (1, %s)".formatted(active));
        scene.onStandby("INSERT INTO t VALUES (1, %s)".formatted(standby));
        List<Difference> differences = scene.differences();
        assertThat(differences).hasSize(1);
        return differences.getFirst().text();
    }

    private String differingIn(String type, String active, String standby) {
        String text = shown(type, active, standby);
        assertThat(text).startsWith("public.t (id=1) differs in v: ");
        return text.substring("public.t (id=1) differs in v: ".length());
    }

    @Test
    void theSmallestDifferenceCanBeSeen() {
        assertThat(differingIn("numeric", "1.0", "1.00")).isEqualTo("'1.0', on the standby '1.00'");
        assertThat(differingIn("float8", "'-0'", "0")).isEqualTo("'-0', on the standby '0'");
        assertThat(differingIn("text", "'a'", "'a '")).isEqualTo("'a', on the standby 'a '");
        assertThat(differingIn("char(84)", "'a'", "''"))
                .isEqualTo("'a' and 83 blanks, on the standby 84 blanks");
        assertThat(differingIn("text", "NULL", "''")).isEqualTo("NULL, on the standby ''");
        assertThat(differingIn("text", "'NULL'", "NULL")).isEqualTo("'NULL', on the standby NULL");
        assertThat(differingIn("text", "'it''s'", "'its'"))
                .isEqualTo("'it''s', on the standby 'its'");
        assertThat(differingIn("json", "'{\"a\":1}'", "'{\"a\": 1}'"))
                .isEqualTo("'{\"a\":1}', on the standby '{\"a\": 1}'");
        assertThat(differingIn("timestamp", "'2026-01-01 0:0'", "'2026-01-01 0:0:0.000001'"))
                .contains("'2026-01-01 00:00:00', on the standby '2026-01-01 00:00:00.000001'");
    }

    @Test
    void whatLooksAlikeIsWrittenByItsNumber() {
        assertThat(differingIn("text", "'a b'", "E'a\\u00a0b'"))
                .isEqualTo("'a b', on the standby 'a\\u{a0}b'");
        assertThat(differingIn("text", "E'a\\nb'", "E'a\\u200bb'"))
                .isEqualTo("'a\\u{a}b', on the standby 'a\\u{200b}b'");
        assertThat(differingIn("text", "'日本 😀'", "'日本 😁'"))
                .isEqualTo("'日本 😀', on the standby '日本 😁'");
        assertThat(differingIn("text", "E'a\\tb'", "E'a\\\\u{9}b'"))
                .isEqualTo("'a\\u{9}b', on the standby 'a\\u{5c}u{9}b'");
        assertThat(differingIn("text", "E'C:\\\\u\\\\'", "E'\\\\\\\\u{9}\\\\\\t'"))
                .isEqualTo("'C:\\u\\', on the standby '\\\\u{5c}u{9}\\\\u{9}'");
    }

    @Test
    void ofALongValueThePartIsShownWhereItBeginsToDiffer() {
        String flipped =
                differingIn(
                        "bytea",
                        "decode(repeat('00', 1000000), 'hex')",
                        "set_byte(decode(repeat('00', 1000000), 'hex'), 700000, 1)");
        assertThat(flipped)
                .contains(
                        "...'"
                                + "0".repeat(80)
                                + "'... (2,000,002 characters, of which the first 1,400,003 are"
                                + " alike)")
                .endsWith(
                        "...'"
                                + "0".repeat(20)
                                + "1"
                                + "0".repeat(59)
                                + "'... (2,000,002 characters)");
        assertThat(differingIn("text", "repeat('x', 200)", "repeat('x', 201)"))
                .isEqualTo(
                        ("...'%1$s' (200 characters, of which the first 200 are alike),"
                                                + " on the standby ...'%1$sx'")
                                        .formatted("x".repeat(20))
                                + " (201 characters)");
        assertThat(differingIn("text", "repeat('x', 100)", "NULL"))
                .isEqualTo("a value of 100 characters, on the standby NULL");
        assertThat(differingIn("text", "repeat('x', 5000000)", "repeat('y', 5000000)"))
                .isEqualTo(
                        "a value of 5,000,000 characters, on the standby a value of 5,000,000"
                                + " characters");
        assertThat(differingIn("text", "repeat('x', 90)", "repeat('y', 90)"))
                .isEqualTo(
                        "'%s'... (90 characters), on the standby '%s'... (90 characters)"
                                .formatted("x".repeat(80), "y".repeat(80)));
    }

    @Test
    void aRowOfNullsIsNotNull() {
        scene.both("CREATE TYPE two AS (a int, b text)");
        assertThat(differingIn("two", "ROW(NULL, NULL)", "NULL"))
                .isEqualTo("'(,)', on the standby NULL");
    }

    @Test
    void allColumnsThatDifferAreShown() {
        scene.both("CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int)");
        scene.onActive("INSERT INTO t VALUES (1, 2, 'x', 3)");
        scene.onStandby("INSERT INTO t VALUES (1, 7, 'x', NULL)");

        assertThat(scene.differences().getFirst().text())
                .isEqualTo(
                        "public.t (id=1) differs in a: '2', on the standby '7'; c: '3', on the"
                                + " standby NULL");
    }

    @Test
    void keysCanBeToldFromEachOther() {
        scene.both("CREATE TABLE t (k text PRIMARY KEY)");
        scene.onActive(
                """
                INSERT INTO t VALUES ('a-1'), (''), ('a '), ('a, b=c'), ('NULL'), (E'a\\nb'),
                                     ('a     '), (E'\\x1b[2J'), ('it''s'), (quote_literal('x'))\
                """);

        assertThat(scene.differences())
                .extracting(difference -> difference.key().get("k"))
                .containsExactlyInAnyOrder(
                        "a-1",
                        "''",
                        "'a '",
                        "'a' and 5 blanks",
                        "'a, b=c'",
                        "'NULL'",
                        "'a\\u{a}b'",
                        "'\\u{1b}[2J'",
                        "it's",
                        "'''x'''");
    }

    @Test
    void rowsWithoutAKeyCanBeToldFromEachOther() {
        scene.both("CREATE TABLE t (v text)");
        scene.onActive("INSERT INTO t VALUES (NULL), (''), (E'\\x1b[2J'), (repeat('x', 300))");

        assertThat(scene.differences())
                .extracting(difference -> difference.key().get("v"))
                .containsExactlyInAnyOrder(
                        "NULL", "''", "'\\u{1b}[2J'", "'%s'...".formatted("x".repeat(200)));
    }

    @Test
    void anEmptyKeyIsToldFromNone() {
        scene.onActive("CREATE TABLE t (k text NOT NULL UNIQUE)");
        scene.onStandby("CREATE TABLE t (k text UNIQUE); INSERT INTO t VALUES (NULL)");

        assertThat(scene.differences())
                .extracting(Difference::text)
                .containsExactly("public.t (k=NULL) is only on the standby");
    }

    @Test
    void notAllOfALargeRowIsRead() {
        scene.both("CREATE TABLE t (id int PRIMARY KEY, a text, b text, c int)");
        scene.onActive("INSERT INTO t VALUES (1, repeat('x', 3000000), repeat('x', 3000000), 1)");
        scene.onStandby("INSERT INTO t VALUES (1, repeat('y', 3000000), repeat('y', 3000000), 2)");

        assertThat(scene.differences().getFirst().cells())
                .satisfiesExactly(
                        a -> assertThat(a.active()).startsWith("'xxx"),
                        b -> assertThat(b.active()).isEqualTo("a value of 3,000,000 characters"),
                        c -> assertThat(c.standby()).isEqualTo("'2'"));
    }

    @Test
    void whatIsShownFirstHasValuesHoweverManyAreNamed() {
        scene.both("CREATE TABLE t (id int PRIMARY KEY, v int)");
        scene.onActive("INSERT INTO t SELECT i, i FROM generate_series(1, 300) AS i");
        scene.onStandby("INSERT INTO t SELECT i, -i FROM generate_series(1, 300) AS i");

        List<Difference> all = named(10_000);
        assertThat(all).hasSize(300);
        assertThat(all.subList(0, 20)).allMatch(d -> d.text().contains("on the standby"));
    }

    @Test
    void noMoreRowsWithoutAKeyAreNamedThanAreShown() {
        scene.both("CREATE TABLE t (v int)");
        scene.onActive("INSERT INTO t SELECT generate_series(1, 300)");

        assertThat(named(10_000)).hasSize(20);
    }

    private List<Difference> named(int most) {
        try (SnapshotSessions sessions = scene.open(Mapping.NONE)) {
            var checksums = new Checksums(Progress.NONE, new Checksums.Shown(most, Mask.NONE));
            return Scene.differences(checksums.validate(sessions.sides()));
        }
    }

    @Test
    void ofEqualRowsWithoutAKeyOneIsRead() {
        scene.both("CREATE TABLE t (v text); INSERT INTO t SELECT 'x' FROM generate_series(1, 99)");
        try (SnapshotSessions sessions = scene.open(Mapping.NONE)) {
            Sides sides = sessions.sides();
            SessionPair first = sides.pairs().getFirst();
            TableSide side =
                    Pairing.all(sides.tables(), first, RowHash.NATIVE, Mask.NONE)
                            .getFirst()
                            .active();
            TableSide.Query hashes = side.hashes(new Chunk.Whole(), List.of());
            List<Long> keys =
                    first.active().rows(hashes.sql(), row -> row.number("k"), hashes.values());
            TableSide.Query rows = side.rows(new Chunk.Whole(), keys);
            assertThat(first.active().rows(rows.sql(), row -> row.texts("key"), rows.values()))
                    .containsExactly(List.of("x"));
        }
    }

    @Test
    void whatIsMaskedIsShownNowhere() {
        scene.both(
                """
                CREATE TABLE users (mail text PRIMARY KEY, password text, age int);
                CREATE TABLE bare (secret text);
                CREATE TABLE post (id int PRIMARY KEY, pin text) PARTITION BY RANGE (id);
                CREATE TABLE post_1 PARTITION OF post DEFAULT;
                INSERT INTO post VALUES (1, 'hush');
                INSERT INTO users VALUES ('a@b', 'hush', 1)\
                """);
        scene.onActive("INSERT INTO bare VALUES ('hush')");
        scene.onStandby("UPDATE users SET password = 'hush!', age = 2; UPDATE post SET pin = ''");
        Mask mask =
                new Mask(
                        List.of(
                                "public.users.mail",
                                "*.passw?rd",
                                "public.bare.*",
                                "public.post.pin"));

        try (SnapshotSessions sessions = scene.open(Mapping.NONE)) {
            var checksums = new Checksums(Progress.NONE, new Checksums.Shown(20, mask));
            assertThat(Scene.differences(checksums.validate(sessions.sides())))
                    .extracting(Difference::text)
                    .containsExactly(
                            "public.bare (secret=(masked)) is missing on the standby",
                            "public.post_1 (id=1) differs in pin",
                            "public.users (mail=(masked)) differs in password; age: '1', on the"
                                    + " standby '2'");
        }
    }

    @Test
    void aColumnIsMaskedByTheNameOfEitherSide() {
        scene.onActive(
                "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')");
        scene.onStandby(
                "CREATE TABLE s (id int PRIMARY KEY, w text); INSERT INTO s VALUES (1, 'b')");
        Mapping mapping =
                new Mapping(
                        Map.of(
                                new TableName("public", "t"),
                                new Mapping.Rule(new TableName("public", "s"), Map.of("v", "w"))));

        for (String glob : List.of("public.t.v", "public.s.w")) {
            try (SnapshotSessions sessions = scene.open(mapping)) {
                var shown = new Checksums.Shown(20, new Mask(List.of(glob)));
                var checksums = new Checksums(Progress.NONE, shown);
                assertThat(
                                Scene.differences(checksums.validate(sessions.sides()))
                                        .getFirst()
                                        .text())
                        .isEqualTo("public.t (id=1) differs in v");
            }
        }
    }
}
