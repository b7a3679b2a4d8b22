package dev.lockstep.cdc.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.TableName;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class FaithfulCopyTest {
    private static final String ODD = "\"Odd.One\".\"Ta\"\"ble\"";

    private final Copies copies = new Copies();

    @AfterEach
    void close() {
        copies.close();
    }

    private void copyAll(int workers) {
        Backfill backfill = copies.backfill(workers);
        backfill.plan();
        assertThat(backfill.copyAll(() -> false)).isTrue();
    }

    @Test
    void keysOfAllKindsAreCutWithoutGapOrOverlap() {
        copies.onBoth(
                """
                CREATE TYPE mood AS ENUM ('low', 'mid', 'high');
                CREATE TABLE pairs (b text, a int, mood mood, PRIMARY KEY (mood, a, b));
                CREATE TABLE words (word text COLLATE "C" PRIMARY KEY);
                CREATE TABLE ids (id uuid PRIMARY KEY);
                CREATE TABLE times (at timestamptz, x float8, PRIMARY KEY (at, x));
                CREATE TABLE raw (id bytea PRIMARY KEY);
                CREATE TABLE fixed (id char(12) PRIMARY KEY);
                CREATE TABLE amounts (id numeric(20, 3) PRIMARY KEY);
                CREATE SCHEMA "Odd.One";
                CREATE TABLE "Odd.One"."Ta""ble" ("k'e\\y" text PRIMARY KEY, "Col""umn" int)\
                """);
        copies.onSource(
                """
                INSERT INTO pairs SELECT (i % 7)::text, i / 7, (enum_range(NULL::mood))[1 + i % 3]
                  FROM generate_series(1, 4500) i;
                INSERT INTO words SELECT chr(33 + i % 90) || '\\ ''' || i
                  FROM generate_series(1, 3500) i;
                INSERT INTO ids SELECT gen_random_uuid() FROM generate_series(1, 3500);
                INSERT INTO times SELECT 'epoch'::timestamptz + i / 3 * interval '1.1 ms', i / 3.0
                  FROM generate_series(1, 3500) i;
                INSERT INTO times VALUES ('infinity', 'NaN'), ('-infinity', '-Infinity');
                INSERT INTO raw SELECT sha256(i::text::bytea) FROM generate_series(1, 3500) i;
                INSERT INTO fixed SELECT i FROM generate_series(1, 3500) i;
                INSERT INTO amounts SELECT i / 7.0 FROM generate_series(1, 3500) i;
                INSERT INTO amounts VALUES ('NaN');
                INSERT INTO "Odd.One"."Ta""ble" SELECT '\\''"' || i, i
                  FROM generate_series(1, 3500) i\
                """);
        copyAll(3);

        Stream.of("pairs", "words", "ids", "times", "raw", "fixed", "amounts", ODD)
                .forEach(copies::assertSame);
        assertThat(copies.progressOf("words").chunksTotal()).isEqualTo(4);
        assertThat(copies.progressOf("pairs").chunksTotal()).isEqualTo(5);
        assertThat(copies.progressOf("Ta\"ble").rowsEstimated()).isEqualTo(3500);
    }

    @Test
    void anIndexThatIsTheReplicaIdentityIsTheKey() {
        copies.onBoth(
                """
                CREATE TABLE named (id int NOT NULL, other int UNIQUE NOT NULL);
                ALTER TABLE named REPLICA IDENTITY USING INDEX named_other_key\
                """);
        copies.onSource("INSERT INTO named SELECT i, -i FROM generate_series(1, 3500) i");
        copyAll(2);

        copies.assertSame("named");
        assertThat(copies.progressOf("named").chunksTotal()).isEqualTo(4);
    }

    @Test
    void valuesOfAllKindsArriveAsTheyAre() {
        copies.onBoth(
                """
                CREATE TYPE mood AS ENUM ('low', 'high');
                CREATE DOMAIN positive AS int CHECK (VALUE > 0);
                CREATE TYPE point3 AS (x int, y text);
                CREATE TABLE plain (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    t text, v varchar(9), c char(5), b bytea, j json, jb jsonb, n numeric,
                    n2 numeric(9, 2), f float8, r real, u uuid, d date, ts timestamp(3),
                    tz timestamptz, ti time, tt timetz, bo bool, i inet, bi bit(3), vb varbit,
                    doubled int GENERATED ALWAYS AS (length(t) * 2) STORED);
                CREATE TABLE odd (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    m mood, ms mood[], texts text[], ints int[][], p positive, p3 point3,
                    x xml, iv interval, r int4range, mr nummultirange, g money, v tsvector,
                    rc regclass, lower text GENERATED ALWAYS AS (lower(texts[1])) STORED)\
                """);
        copies.onSource(
                """
                INSERT INTO plain
                    (t, v, c, b, j, jb, n, n2, f, r, u, d, ts, tz, ti, tt, bo, i, bi, vb)
                VALUES
                    (E'a\\tb\\n\\\\N\\\\.', '', 'x', '\\x00ff5c', '{"a":  1, "a": 2}',
                    '{"b": [1.0]}', '1.500', 2.5, 'NaN', 1e-30, gen_random_uuid(), 'infinity',
                    '2026-01-01 1:2:3.456', '2026-01-01 00:00+05', '24:00', '1:00+3', true,
                    '10.0.0.1/8', '101', ''),
                    (repeat('long', 100000), NULL, NULL, NULL, 'null', 'null', 'Infinity', 0, '-0',
                    'NaN', NULL, '4713-01-01 BC', NULL, '-infinity', NULL, NULL, false,
                    '::1', NULL, '1');
                INSERT INTO odd (m, ms, texts, ints, p, p3, x, iv, r, mr, g, v, rc)
                VALUES
                    ('high', '{low,NULL}', ARRAY['A,"\\', NULL, ''], '{{1,2},{3,4}}', 5,
                    '(1,"a b")', '<a/>', '1 mon -2 days 0.001 s', '[1,5)', '{[1.5,2)}', 12.34,
                    'a:1 b', 'plain'),
                    (NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, 'empty', '{}',
                    NULL, NULL, NULL)\
                """);
        copyAll(2);
        List.of("plain", "odd").forEach(copies::assertSame);
    }

    @Test
    void renamedTablesAndColumnsAndWiderTypes() {
        copies.onSource(
                "CREATE TABLE orders (id int PRIMARY KEY, total int, note text);"
                        + "INSERT INTO orders SELECT i, i * 2, 'n' FROM generate_series(1, "
                        + "1500) i");
        copies.onTarget(
                "CREATE SCHEMA sales; CREATE TABLE sales.sale (extra int DEFAULT 7, note text,"
                        + " amount bigint, id int PRIMARY KEY)");
        Mapping mapping =
                new Mapping(
                        Map.of(
                                new TableName("public", "orders"),
                                new Mapping.Rule(
                                        new TableName("sales", "sale"),
                                        Map.of("total", "amount"))));
        Backfill backfill = copies.backfill(Copies.settings(1, 2, OptionalLong.empty()), mapping);
        backfill.plan();
        backfill.copyAll(() -> false);
        copies.assertSame(
                "SELECT id, total, note, 7 FROM orders",
                "SELECT id, amount, note, extra FROM sales.sale");
    }

    @Test
    void emptyTablesAndPartitions() {
        copies.onBoth(
                """
                CREATE TABLE nothing (id int PRIMARY KEY);
                CREATE TABLE bare (x int);
                CREATE TABLE day (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
                CREATE TABLE day_1 PARTITION OF day
                  FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
                CREATE TABLE day_2 PARTITION OF day
                  FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
                CREATE TABLE parent (id int PRIMARY KEY);
                CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent)\
                """);
        copies.onSource(
                """
                INSERT INTO day SELECT i, date '2026-01-01' + i % 59
                  FROM generate_series(1, 3000) i;
                INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2)\
                """);
        copyAll(2);
        List.of("nothing", "bare", "day_1", "day_2", "parent", "child").forEach(copies::assertSame);
        assertThat(copies.progressOf("nothing"))
                .isEqualTo(new TableProgress(new TableName("public", "nothing"), 0, 0, 1, 1));
    }
}
