package dev.lockstep.cdc.backfill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class BackfillTest {
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
    void manyChunksInParallelBringEveryRowOnce() {
        copies.onBoth("CREATE TABLE item (id bigint PRIMARY KEY, note text)");
        copies.onSource(
                "INSERT INTO item SELECT i * 3, repeat('x', i % 50) FROM generate_series(-9000, 11000) i");
        Set<String> threads = ConcurrentHashMap.newKeySet();
        Backfill backfill = copies.backfill(4);
        backfill.listenWith(
                new ChunkListener() {
                    @Override
                    public void afterCommit(Chunk chunk) {
                        threads.add(Thread.currentThread().getName());
                    }
                });

        backfill.plan();
        assertThat(copies.progressOf("item"))
                .isEqualTo(new TableProgress(new TableName("public", "item"), 0, 20_001, 0, 21));
        assertThat(backfill.copyAll(() -> false)).isTrue();

        copies.assertSame("item");
        assertThat(copies.progressOf("item").rowsCopied()).isEqualTo(20_001);
        assertThat(copies.progressOf("item").isDone()).isTrue();
        assertThat(threads).hasSizeGreaterThan(1);
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
                CREATE TABLE "Odd.One"."Ta""ble" ("k'e\\y" text PRIMARY KEY, "Col""umn" int);
                CREATE TABLE named (id int NOT NULL, other int UNIQUE NOT NULL);
                ALTER TABLE named REPLICA IDENTITY USING INDEX named_other_key\
                """);
        copies.onSource(
                """
                INSERT INTO pairs SELECT (i % 7)::text, i / 7, (enum_range(NULL::mood))[1 + i % 3]
                  FROM generate_series(1, 4500) i;
                INSERT INTO words SELECT chr(33 + i % 90) || '\\ ''' || i FROM generate_series(1, 3500) i;
                INSERT INTO ids SELECT gen_random_uuid() FROM generate_series(1, 3500);
                INSERT INTO times SELECT 'epoch'::timestamptz + i / 3 * interval '1.1 ms', i / 3.0
                  FROM generate_series(1, 3500) i;
                INSERT INTO times VALUES ('infinity', 'NaN'), ('-infinity', '-Infinity');
                INSERT INTO raw SELECT sha256(i::text::bytea) FROM generate_series(1, 3500) i;
                INSERT INTO fixed SELECT i FROM generate_series(1, 3500) i;
                INSERT INTO amounts SELECT i / 7.0 FROM generate_series(1, 3500) i;
                INSERT INTO amounts VALUES ('NaN');
                INSERT INTO "Odd.One"."Ta""ble" SELECT '\\''"' || i, i FROM generate_series(1, 3500) i;
                INSERT INTO named SELECT i, -i FROM generate_series(1, 3500) i\
                """);
        copyAll(3);
        List.of("pairs", "words", "ids", "times", "raw", "fixed", "amounts", "named")
                .forEach(copies::assertSame);
        copies.assertSame("\"Odd.One\".\"Ta\"\"ble\"");
        assertThat(copies.progressOf("words").chunksTotal()).isEqualTo(4);
        assertThat(copies.progressOf("pairs").chunksTotal()).isEqualTo(5);
        assertThat(copies.progressOf("named").chunksTotal()).isEqualTo(4);
        assertThat(copies.progressOf("Ta\"ble").rowsEstimated()).isEqualTo(3500);
    }

    @Test
    void valuesOfAllKindsArriveAsTheyAre() {
        copies.onBoth(
                """
                CREATE TYPE mood AS ENUM ('low', 'high');
                CREATE DOMAIN positive AS int CHECK (VALUE > 0);
                CREATE TYPE point3 AS (x int, y text);
                CREATE TABLE plain (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t text, v varchar(9),
                    c char(5), b bytea, j json, jb jsonb, n numeric, n2 numeric(9, 2), f float8, r real,
                    u uuid, d date, ts timestamp(3), tz timestamptz, ti time, tt timetz, bo bool, i inet,
                    bi bit(3), vb varbit, doubled int GENERATED ALWAYS AS (length(t) * 2) STORED);
                CREATE TABLE odd (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m mood, ms mood[],
                    texts text[], ints int[][], p positive, p3 point3, x xml, iv interval, r int4range,
                    mr nummultirange, g money, v tsvector, rc regclass,
                    lower text GENERATED ALWAYS AS (lower(texts[1])) STORED)\
                """);
        copies.onSource(
                """
                INSERT INTO plain (t, v, c, b, j, jb, n, n2, f, r, u, d, ts, tz, ti, tt, bo, i, bi, vb)
                VALUES (E'a\\tb\\n\\\\N\\\\.', '', 'x', '\\x00ff5c', '{"a":  1, "a": 2}', '{"b": [1.0]}',
                    '1.500', 2.5, 'NaN', 1e-30, gen_random_uuid(), 'infinity', '2026-01-01 1:2:3.456',
                    '2026-01-01 00:00+05', '24:00', '1:00+3', true, '10.0.0.1/8', '101', ''),
                    (repeat('long', 100000), NULL, NULL, NULL, 'null', 'null', 'Infinity', 0, '-0', 'NaN',
                    NULL, '4713-01-01 BC', NULL, '-infinity', NULL, NULL, false, '::1', NULL, '1');
                INSERT INTO odd (m, ms, texts, ints, p, p3, x, iv, r, mr, g, v, rc)
                VALUES ('high', '{low,NULL}', ARRAY['A,"\\', NULL, ''], '{{1,2},{3,4}}', 5, '(1,"a b")',
                    '<a/>', '1 mon -2 days 0.001 s', '[1,5)', '{[1.5,2)}', 12.34, 'a:1 b', 'plain'),
                    (NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, 'empty', '{}', NULL, NULL, NULL)\
                """);
        copyAll(2);
        copies.assertSame("plain");
        copies.assertSame("odd");
    }

    @Test
    void renamedTablesAndColumnsAndWiderTypes() {
        copies.onSource(
                "CREATE TABLE orders (id int PRIMARY KEY, total int, note text);"
                        + "INSERT INTO orders SELECT i, i * 2, 'n' FROM generate_series(1, 1500) i");
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
                CREATE TABLE day_1 PARTITION OF day FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
                CREATE TABLE day_2 PARTITION OF day FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
                CREATE TABLE parent (id int PRIMARY KEY);
                CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent)\
                """);
        copies.onSource(
                """
                INSERT INTO day SELECT i, date '2026-01-01' + i % 59 FROM generate_series(1, 3000) i;
                INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2)\
                """);
        copyAll(2);
        List.of("nothing", "bare", "day_1", "day_2", "parent", "child").forEach(copies::assertSame);
        assertThat(copies.progressOf("nothing"))
                .isEqualTo(new TableProgress(new TableName("public", "nothing"), 0, 0, 1, 1));
    }

    @Test
    void killedInTheMiddleResumesWhereItStopped() {
        copies.onBoth("CREATE TABLE item (id int PRIMARY KEY, note text)");
        copies.onSource("INSERT INTO item SELECT i, i FROM generate_series(1, 12000) i");
        Backfill first = copies.backfill(2);
        first.plan();
        AtomicInteger read = new AtomicInteger();
        first.listenWith(
                new ChunkListener() {
                    @Override
                    public void afterRead(Chunk chunk) {
                        if (read.incrementAndGet() == 6) {
                            throw new IllegalStateException("killed");
                        }
                    }
                });
        assertThatThrownBy(() -> first.copyAll(() -> false)).hasMessage("killed");
        TableProgress half = copies.progressOf("item");
        assertThat(half.chunksDone()).isBetween(1, 6);
        assertThat(copies.oneOnTarget("SELECT count(*) FROM public.item"))
                .isEqualTo(Long.toString(half.rowsCopied()));

        Backfill second = copies.backfill(2);
        AtomicInteger again = new AtomicInteger();
        second.listenWith(
                new ChunkListener() {
                    @Override
                    public void afterCommit(Chunk chunk) {
                        again.incrementAndGet();
                    }
                });
        second.plan();
        assertThat(second.copyAll(() -> false)).isTrue();
        assertThat(again.get()).isEqualTo(half.chunksTotal() - half.chunksDone());
        copies.assertSame("item");
    }

    @Test
    void brokenConnectionsAreRetried() {
        copies.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        copies.onSource("INSERT INTO item SELECT generate_series(1, 5000)");
        Backfill backfill = copies.backfill(1);
        backfill.plan();
        AtomicInteger reads = new AtomicInteger();
        backfill.listenWith(
                new ChunkListener() {
                    @Override
                    public void afterRead(Chunk chunk) {
                        if (reads.incrementAndGet() == 3) {
                            copies.onTarget(
                                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                                            + " WHERE datname = current_database()"
                                            + " AND application_name LIKE '% copy'");
                        }
                    }
                });
        assertThat(backfill.copyAll(() -> false)).isTrue();
        assertThat(reads.get()).isEqualTo(6);
        copies.assertSame("item");
    }

    @Test
    void stopEndsTheCopyBetweenChunks() {
        copies.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        copies.onSource("INSERT INTO item SELECT generate_series(1, 5500)");
        Backfill backfill = copies.backfill(1);
        backfill.plan();
        assertThat(backfill.copyAll(() -> copies.progressOf("item").chunksDone() == 2)).isFalse();
        assertThat(copies.progressOf("item").rowsCopied()).isEqualTo(2000);
        assertThat(backfill.copyAll(() -> false)).isTrue();
        copies.assertSame("item");
    }

    @Test
    void ownerOfAnOldEpochCopiesNothing() {
        copies.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        copies.onSource("INSERT INTO item VALUES (1)");
        Backfill stale = copies.backfill(1);
        stale.plan();
        copies.onTarget("UPDATE lockstep.lease SET epoch = 2");
        assertThatThrownBy(() -> stale.copyAll(() -> false)).satisfies(is(Fault.LEASE_LOST));
        copies.onTarget("DELETE FROM lockstep.chunk; DELETE FROM lockstep.copy_table");
        assertThatThrownBy(stale::plan).satisfies(is(Fault.LEASE_LOST));
        assertThat(copies.oneOnTarget("SELECT count(*) FROM public.item")).isEqualTo("0");
    }

    @Test
    void leaseIsRenewedWhileAChunkIsOnItsWay() {
        copies.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        copies.onSource("INSERT INTO item VALUES (1)");
        Backfill backfill = copies.backfill(1);
        backfill.plan();
        backfill.listenWith(
                new ChunkListener() {
                    @Override
                    public void afterRead(Chunk chunk) {
                        try (Session renewer = copies.target().session("renew")) {
                            renewer.run("SET lock_timeout = '2s'");
                            renewer.run("UPDATE lockstep.lease SET renewed_at = now()");
                            assertThatThrownBy(() ->
                                            renewer.run(
                                                    "SELECT 1 FROM lockstep.lease FOR"
                                                            + " UPDATE NOWAIT"))
                                    .hasMessageContaining("55P03");
                        }
                    }
                });
        assertThat(backfill.copyAll(() -> false)).isTrue();
    }

    @Test
    void rowsThatAreThereAlreadyAreRefused() {
        copies.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        copies.onTarget("INSERT INTO item VALUES (1)");
        assertThatThrownBy(() -> copies.backfill(1).plan())
                .satisfies(is(Fault.PRECONDITION))
                .hasMessageContaining("public.item")
                .hasMessageContaining("not empty");
        assertThat(copies.oneOnTarget("SELECT count(*) FROM lockstep.copy_table")).isEqualTo("0");
    }

    @Test
    void missingTablesAndColumnsAreRefusedBeforeAnythingIsBooked() {
        copies.onSource("CREATE TABLE item (id int PRIMARY KEY, note text)");
        assertThatThrownBy(() -> copies.backfill(1).plan())
                .satisfies(is(Fault.PRECONDITION))
                .hasMessageContaining("public.item");
        copies.onTarget("CREATE TABLE item (id int PRIMARY KEY)");
        assertThatThrownBy(() -> copies.backfill(1).plan())
                .satisfies(is(Fault.PRECONDITION))
                .hasMessageContaining("\"note\"");
        assertThat(copies.oneOnTarget("SELECT count(*) FROM lockstep.copy_table")).isEqualTo("0");
    }

    @Test
    void userWithoutTheRightToBeAReplicaIsToldWhatToGrant() {
        copies.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        copies.onTarget(
                """
                DROP ROLE IF EXISTS plain_mover; CREATE ROLE plain_mover LOGIN;
                GRANT USAGE ON SCHEMA lockstep TO plain_mover;
                GRANT ALL ON ALL TABLES IN SCHEMA lockstep, public TO plain_mover\
                """);
        try (Db plain = copies.targetAs("plain_mover")) {
            Backfill backfill =
                    new Backfill(
                            copies.source(),
                            plain,
                            Copies.settings(1, 1, OptionalLong.empty()),
                            copies.tables(Mapping.NONE));
            backfill.plan();
            assertThatThrownBy(() -> backfill.copyAll(() -> false))
                    .satisfies(is(Fault.PRIVILEGE_MISSING))
                    .hasMessageContaining("GRANT SET ON PARAMETER session_replication_role");
        } finally {
            copies.onTarget("DROP OWNED BY plain_mover; DROP ROLE plain_mover");
        }
    }

    @Test
    void valueThatMovesBetweenTwoChunksIsLeftToTheReplay() {
        copies.onBoth("CREATE TABLE person (id int PRIMARY KEY, mail text UNIQUE)");
        copies.onSource("INSERT INTO person SELECT i, 'mail' || i FROM generate_series(1, 2500) i");
        Backfill backfill = copies.backfill(1);
        backfill.plan();
        backfill.listenWith(
                new ChunkListener() {
                    @Override
                    public void afterCommit(Chunk chunk) {
                        if (chunk.number() == 0) {
                            copies.onSource(
                                    "UPDATE person SET mail = 'new' WHERE id = 1;"
                                            + "UPDATE person SET mail = 'mail1' WHERE id = 1500");
                        }
                    }
                });
        assertThat(backfill.copyAll(() -> false)).isTrue();
        assertThat(copies.progressOf("person").rowsCopied()).isEqualTo(2499);
        copies.assertSame(
                "SELECT id, CASE id WHEN 1 THEN 'mail1' ELSE mail END FROM person WHERE id <> 1500",
                "SELECT * FROM person");
    }

    @Test
    void throttleHoldsTheRateAndCanBeLifted() {
        copies.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        copies.onSource("INSERT INTO item SELECT generate_series(1, 5000)");
        Backfill backfill =
                copies.backfill(Copies.settings(1, 2, OptionalLong.of(1)), Mapping.NONE);
        backfill.plan();
        AtomicInteger done = new AtomicInteger();
        backfill.listenWith(
                new ChunkListener() {
                    @Override
                    public void afterCommit(Chunk chunk) {
                        done.incrementAndGet();
                    }
                });
        AtomicInteger looks = new AtomicInteger();
        boolean finished =
                backfill.copyAll(() -> {
                    if (looks.incrementAndGet() == 12) {
                        assertThat(done.get()).isBetween(1, 2);
                        backfill.throttle(OptionalLong.empty());
                    }
                    return false;
                });
        assertThat(finished).isTrue();
        copies.assertSame("item");
    }

    static org.assertj.core.api.ThrowingConsumer<Throwable> is(Fault fault) {
        return e ->
                assertThat(e)
                        .isInstanceOfSatisfying(
                                LockstepException.class,
                                f -> assertThat(f.fault()).isEqualTo(fault));
    }
}
