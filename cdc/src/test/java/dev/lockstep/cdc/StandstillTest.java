package dev.lockstep.cdc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.cdc.session.OpenTransactions;
import dev.lockstep.cdc.session.OpenTransactions.One;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What could make a stream stand still, and what it leaves where it has to.
class StandstillTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    private static final String SLOTS =
            "SELECT slot_name FROM pg_replication_slots WHERE database = current_database()";

    private final Pair pair = Pair.create();

    @AfterEach
    void close() {
        pair.close();
    }

    private void onSource(String sql) {
        Pair.run(pair.source(), sql);
    }

    @Test
    void manyTinyTransactionsInARowArrive() throws Exception {
        pair.onBoth("CREATE TABLE tiny (id int PRIMARY KEY)");
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.open()) {
            stream.startAt(stream.prepare(), true);
            onSource(
                    """
                    CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN
                        SET synchronous_commit = off;
                        FOR i IN 1..30000 LOOP INSERT INTO public.tiny VALUES (i); COMMIT; END LOOP;
                    END $$\
                    """);
            onSource("CALL fill()");
            stream.startCapture();
            stream.startApply(stream.spec().routes());
            stream.drain(SOON);
            fixture.assertEqualRows("tiny");
        }
    }

    /// Whoever dies meanwhile must not leave what looks like a log.
    @Test
    void aSlotThatWaitsIsBeforeTheTopic() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        StreamFixture fixture = new StreamFixture(pair);
        CompletableFuture<Lsn> prepared = new CompletableFuture<>();
        try (Replication stream = fixture.open();
                Session writer = pair.source().session("writer")) {
            writer.begin();
            writer.run("INSERT INTO public.item (id) VALUES (1)");
            Thread.ofPlatform().start(() -> prepared.complete(stream.prepare()));
            awaitTrue(() -> !Pair.rows(pair.source(), SLOTS).isEmpty());
            assertThat(Remains.topics(fixture.run(), StreamFixture.kafka())).isEmpty();
            writer.commit();
            prepared.get(SOON.toSeconds(), TimeUnit.SECONDS);
            assertThat(Remains.topics(fixture.run(), StreamFixture.kafka())).hasSize(1);
        }
    }

    @Test
    void aCutThatComesTooLateLeavesNothingOnTheServer() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.openStrict();
                Session writer = pair.source().session("writer")) {
            writer.begin();
            writer.run("INSERT INTO public.item (id) VALUES (1)");
            assertThatThrownBy(() -> stream.cut(Duration.ofSeconds(1)))
                    .hasMessageContaining("pid " + writer.backendPid())
                    .hasMessageContaining("end them, then try again");
            assertThat(
                            Pair.rows(
                                    pair.source(),
                                    "SELECT slot_name FROM pg_replication_slots WHERE temporary "
                                            + "AND database = current_database()"))
                    .isEmpty();
            writer.commit();
            stream.drain(SOON);
            fixture.assertEqualRows("item");
        }
    }

    @Test
    void whoIsInTheWayIsToldAsOfTheLastLook() {
        One first = new One("1/700", "pid 1, open for 11 s");
        One last = new One("1/700", "pid 1, open for 71 s");
        One later = new One("2/701", "pid 2, open for 1 s");
        OpenTransactions open = new OpenTransactions(List.of(first, new One("3/699", "pid 3")));
        assertThat(open.still(new OpenTransactions(List.of(last, later))).all())
                .containsExactly(last);
    }

    @Test
    void whileACutWaitsForATransactionTheStandbyGoesOn() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.openStrict();
                Session writer = pair.source().session("writer")) {
            writer.begin();
            writer.run("INSERT INTO public.item (id) VALUES (1)");
            CompletableFuture<Duration> stoodStill = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> stoodStill.complete(standstillOf(stream)));
            awaitTrue(() -> stream.waitsFor().isPresent());
            assertThat(stream.waitsFor().orElseThrow())
                    .startsWith("waiting for these transactions to end")
                    .contains("pid " + writer.backendPid());
            onSource("INSERT INTO item VALUES (2)");
            stream.drain(SOON);
            assertThat(Pair.rows(pair.target(), "SELECT id FROM item")).hasSize(1);
            assertThat(stoodStill).isNotDone();
            writer.commit();
            assertThat(stoodStill.get(60, TimeUnit.SECONDS)).isLessThan(SOON);
            assertThat(stream.waitsFor()).isEmpty();
            stream.drain(SOON);
            fixture.assertEqualRows("item");
        }
    }

    private static Duration standstillOf(Replication stream) {
        try (Cut cut = stream.cut(SOON)) {
            return cut.stoodStill();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void awaitTrue(BooleanSupplier condition) {
        long until = System.nanoTime() + SOON.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(until);
            Thread.onSpinWait();
        }
    }

    @Test
    void anApplierThatWaitsForALockIsCutOffAndTheNextOneGoesOn() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.openStrict();
                Session blocker = pair.target().session("blocker")) {
            blocker.begin();
            blocker.run("LOCK TABLE public.item");
            onSource("INSERT INTO item (id) VALUES (1)");
            awaitRow(
                    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
                            + "current_database()");
            stream.stopApply(Duration.ofMillis(200));
            blocker.rollback();
            stream.startApply(stream.spec().routes());
            stream.drain(SOON);
            fixture.assertEqualRows("item");
        }
    }

    private void awaitRow(String sql) {
        awaitTrue(() -> !Pair.rows(pair.target(), sql).isEmpty());
    }
}
