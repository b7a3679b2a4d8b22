package dev.lockstep.cdc.backfill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
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

    @Test
    void manyChunksInParallelBringEveryRowOnce() {
        copies.onBoth("CREATE TABLE item (id bigint PRIMARY KEY, note text)");
        copies.onSource(
                "INSERT INTO item SELECT i * 3, repeat('x', i % 50) FROM "
                        + "generate_series(-9000, 11000) i");
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
