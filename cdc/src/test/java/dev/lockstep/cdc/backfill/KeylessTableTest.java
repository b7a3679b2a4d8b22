package dev.lockstep.cdc.backfill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class KeylessTableTest {
    private static final String SLOTS =
            """
            SELECT count(*) FROM pg_replication_slots WHERE database = current_database()\
            """;

    private final Copies copies = new Copies();

    @AfterEach
    void close() {
        copies.close();
    }

    @Test
    void isReadFromOneSnapshotWhosePositionIsNoted() {
        copies.onBoth("CREATE TABLE log (x int, note text); ALTER TABLE log REPLICA IDENTITY FULL");
        copies.onSource("INSERT INTO log SELECT i % 10, 'n' FROM generate_series(1, 5000) i");
        Lsn before = walEnd();
        Backfill backfill = copies.backfill(2);
        backfill.plan();
        backfill.listenWith(
                new ChunkListener() {
                    @Override
                    public void afterRead(Chunk chunk) {
                        copies.onSource("INSERT INTO log VALUES (-1, 'later')");
                    }
                });
        assertThat(backfill.copyAll(() -> false)).isTrue();

        copies.assertSame("SELECT * FROM log WHERE x >= 0", "SELECT * FROM log");
        assertThat(copies.progressOf("log").rowsCopied()).isEqualTo(5000);
        Lsn position =
                Lsn.parse(copies.oneOnTarget("SELECT snapshot_lsn FROM lockstep.copy_table"));
        assertThat(position).isBetween(before, walEnd());
        awaitNoSlot();
    }

    @Test
    void keyedTableHasNoPosition() {
        copies.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        Backfill backfill = copies.backfill(1);
        backfill.plan();
        backfill.copyAll(() -> false);
        assertThat(copies.oneOnTarget("SELECT snapshot_lsn IS NULL FROM lockstep.copy_table"))
                .isEqualTo("t");
    }

    @Test
    void transactionThatNobodyEndsIsNamedAndNoSlotStays() {
        copies.onBoth("CREATE TABLE log (x int)");
        try (Session writer = copies.source().session("writer")) {
            writer.begin();
            writer.run("INSERT INTO public.log VALUES (1)");
            Backfill backfill = copies.backfill(1);
            backfill.waitForSnapshots(Duration.ofSeconds(1));
            backfill.plan();
            assertThatThrownBy(() -> backfill.copyAll(() -> false))
                    .satisfies(BackfillTest.is(Fault.LOCK_TIMEOUT))
                    .hasMessageContaining("pid " + writer.backendPid())
                    .hasMessageContaining("INSERT INTO public.log");
            assertThat(slots()).isZero();
            assertThat(copies.progressOf("log").isDone()).isFalse();
        }
    }

    @Test
    void rowThatTheStandbyRefusesEndsTheCopyHalfWay() {
        copies.onSource("CREATE TABLE log (x int, note text)");
        copies.onTarget("CREATE TABLE log (x int CHECK (x <> 5000), note text)");
        copies.onSource(
                "INSERT INTO log SELECT i, repeat('n', 999) FROM generate_series(1, 50000) i");
        Backfill backfill = copies.backfill(1);
        backfill.plan();
        assertThatThrownBy(() -> backfill.copyAll(() -> false))
                .satisfies(BackfillTest.is(Fault.STATEMENT_FAILED))
                .hasMessageContaining("23514");
        assertThat(copies.progressOf("log").isDone()).isFalse();
        assertThat(copies.oneOnTarget("SELECT snapshot_lsn IS NULL FROM lockstep.copy_table"))
                .isEqualTo("t");
        awaitNoSlot();
    }

    /// A server drops a temporary slot some time after its session was closed.
    private void awaitNoSlot() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (slots() > 0) {
            assertThat(System.nanoTime()).as("slots are left").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private long slots() {
        try (Session session = copies.source().session("test")) {
            return session.number(SLOTS);
        }
    }

    private Lsn walEnd() {
        try (Session session = copies.source().session("test")) {
            return Lsn.parse(session.one("SELECT pg_current_wal_insert_lsn()"));
        }
    }
}
