package dev.lockstep.orchestrator.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class LeaseTest {
    private static final String RUN = "shop";
    private static final String SESSIONS =
            """
            SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name LIKE '% lease'\
            """;

    private static final String LEASES =
            """
            SELECT pid FROM pg_stat_activity
             WHERE datname = current_database() AND application_name LIKE '% lease'\
            """;
    private static final String HELD =
            """
            SELECT EXISTS (SELECT FROM lockstep.lease l
                             JOIN pg_stat_activity a ON a.pid = l.backend_pid)\
            """;
    private static final String STALLED =
            """
            SELECT l.renewed_at < clock_timestamp() - interval '16 s'
                   AND bool_and(a.xact_start < clock_timestamp() - interval '16 s')
              FROM lockstep.lease l, pg_stat_activity a
             WHERE a.datname = current_database() AND a.application_name LIKE '% apply'
             GROUP BY l.renewed_at\
            """;

    private final Db db = PostgresServer.shared().database();

    @BeforeEach
    void migrate() {
        OwnTables.migrate(db);
    }

    @AfterEach
    void close() {
        db.close();
    }

    @Test
    void whatIsHeldIsRefusedAndTheHolderNamed() {
        try (Lease lease = Lease.take(db, RUN)) {
            assertThat(lease.epoch()).isEqualTo(1);
            assertThatThrownBy(() -> Lease.take(db, RUN))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.fault()).isEqualTo(Fault.NAME_IN_USE))
                    .hasMessageContaining("\"shop\"")
                    .hasMessageContaining("process " + ProcessHandle.current().pid());
            assertThat(epoch()).as("a refusal changes nothing").isEqualTo(1);
            awaitSessions(1);
        }
    }

    @Test
    void runsAreHeldEachForItself() {
        try (Lease one = Lease.take(db, RUN);
                Lease two = Lease.take(db, "other")) {
            assertThat(one.epoch()).isEqualTo(1);
            assertThat(two.epoch()).isEqualTo(1);
        }
    }

    @Test
    void whoeverComesFirstOfManyHasIt() throws Exception {
        int many = 8;
        for (int round = 0; round < 5; round++) {
            String run = "run-" + round;
            List<Lease> taken = new ArrayList<>();
            CyclicBarrier together = new CyclicBarrier(many);
            try (var takers = Executors.newFixedThreadPool(many)) {
                List<Future<Lease>> attempts = new ArrayList<>();
                for (int i = 0; i < many; i++) {
                    attempts.add(
                            takers.submit(() -> {
                                together.await(30, TimeUnit.SECONDS);
                                return Lease.take(db, run);
                            }));
                }
                for (Future<Lease> attempt : attempts) {
                    won(attempt).ifPresent(taken::add);
                }
            }
            assertThat(taken).as("owners of " + run).hasSize(1);
            taken.forEach(Lease::close);
        }
    }

    private static Optional<Lease> won(Future<Lease> attempt) throws InterruptedException {
        try {
            return Optional.of(attempt.get());
        } catch (ExecutionException e) {
            assertThat(e.getCause())
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            own -> assertThat(own.fault()).isEqualTo(Fault.NAME_IN_USE));
            return Optional.empty();
        }
    }

    @Test
    void whatADeadProcessHeldIsTakenAtOnceUnderAHigherEpoch() {
        Lease dead = Lease.take(db, RUN);
        endSessions();
        assertThat(holder()).isEmpty();
        try (Lease heir = Lease.take(db, RUN)) {
            assertThat(heir.epoch()).isEqualTo(dead.epoch() + 1);
            dead.close();
            assertThat(holder()).as("the end of the dead owner is not the heir's").isPresent();
        }
    }

    @Test
    void whatAStalledProcessKeepsLockedIsEnded() throws Exception {
        try (Lease stalled = Lease.take(db, RUN);
                Db other = Db.of(db.endpoint(), "lockstep " + RUN);
                Session applying = other.session("apply")) {
            applying.begin();
            Lease.hold(applying, RUN, stalled.epoch());
            assertThat(holder()).isPresent();
            await(STALLED);
            try (Lease heir = Lease.take(db, RUN)) {
                assertThat(heir.epoch()).isEqualTo(stalled.epoch() + 1);
            }
            assertThatThrownBy(applying::commit).isInstanceOf(LockstepException.class);
        }
    }

    @Test
    void whatWasGivenBackIsTakenUnderAHigherEpoch() {
        Lease first = Lease.take(db, RUN);
        first.keep(_ -> {});
        first.close();
        assertThat(holder()).isEmpty();
        awaitSessions(0);
        try (Lease second = Lease.take(db, RUN)) {
            assertThat(second.epoch()).isEqualTo(first.epoch() + 1);
        }
    }

    @Test
    void anOwnerThatStandsStillLosesItAndItsSession() throws Exception {
        CompletableFuture<LockstepException> told = new CompletableFuture<>();
        try (Lease still = Lease.take(db, RUN)) {
            Pair.run(db, "UPDATE lockstep.lease SET renewed_at = now() - interval '16 seconds'");
            assertThat(holder()).isEmpty();
            try (Lease heir = Lease.take(db, RUN)) {
                assertThat(heir.epoch()).isEqualTo(still.epoch() + 1);
                still.keep(told::complete);
                assertThat(told.get(60, TimeUnit.SECONDS).fault()).isEqualTo(Fault.LEASE_LOST);
                awaitSessions(1);
            }
        }
    }

    @Test
    void anOwnerThatRenewsKeepsIt() {
        CompletableFuture<LockstepException> told = new CompletableFuture<>();
        try (Lease lease = Lease.take(db, RUN)) {
            Pair.run(db, "UPDATE lockstep.lease SET renewed_at = now() - interval '14 seconds'");
            lease.keep(told::complete);
            await("SELECT renewed_at > now() - interval '10 seconds' FROM lockstep.lease");
            assertThat(holder()).isPresent();
            assertThat(told).isNotDone();
        }
    }

    @Test
    void anOwnerWhoseSessionIsGoneTakesAnotherOne() {
        CompletableFuture<LockstepException> told = new CompletableFuture<>();
        try (Lease lease = Lease.take(db, RUN)) {
            lease.keep(told::complete);
            endSessions();
            assertThat(holder()).isEmpty();
            await(HELD);
            assertThat(lease.epoch()).isEqualTo(epoch());
            assertThat(told).isNotDone();
        }
        assertThat(holder()).isEmpty();
        awaitSessions(0);
    }

    @Test
    void anOwnerWhoseSessionIsGoneMayComeBackForAsLongAsItIsFresh() {
        try (Lease _ = Lease.take(db, RUN)) {
            assertThat(mayComeBack(RUN)).as("it is there").isFalse();
            endSessions();
            assertThat(mayComeBack(RUN)).isTrue();
            Pair.run(db, "UPDATE lockstep.lease SET renewed_at = now() - interval '16 seconds'");
            assertThat(mayComeBack(RUN)).as("it was silent for too long").isFalse();
            Pair.run(db, "UPDATE lockstep.lease SET renewed_at = now(), released = true");
            assertThat(mayComeBack(RUN)).as("it gave the run back").isFalse();
        }
        assertThat(mayComeBack("another")).as("nobody has it").isFalse();
    }

    @Test
    void aCommandThatHasTheRunIsToldFromWhoStaysWithIt() {
        try (Lease _ = Lease.take(db, RUN, "cutover")) {
            assertThat(holder().filter(Lease.Holder::passing).map(Lease.Holder::name))
                    .hasValueSatisfying(name -> assertThat(name).startsWith("`cutover`, process "));
            assertThatThrownBy(() -> Lease.take(db, RUN)).hasMessageContaining("wait for that");
        }
        try (Lease _ = Lease.take(db, RUN)) {
            assertThat(holder().map(Lease.Holder::passing)).contains(false);
        }
    }

    /// What an owner wrote whom everybody has forgotten must stay fenced.
    @Test
    void epochsGoOnWhereTheJournalAloneWasLeft() {
        try (Lease lease = Lease.take(db, RUN)) {
            new Journal(db, RUN).append(lease.epoch(), new RunEvent.Started());
        }
        Pair.run(db, "DELETE FROM lockstep.lease");
        try (Lease lease = Lease.take(db, RUN)) {
            assertThat(lease.epoch()).isEqualTo(2);
        }
    }

    @Test
    void anOwnerIsToldThatAnotherOneCame() throws Exception {
        CompletableFuture<LockstepException> told = new CompletableFuture<>();
        try (Lease lease = Lease.take(db, RUN)) {
            lease.keep(told::complete);
            Pair.run(db, "UPDATE lockstep.lease SET epoch = epoch + 1");
            assertThat(told.get(60, TimeUnit.SECONDS).fault()).isEqualTo(Fault.LEASE_LOST);
        }
        assertThat(Pair.rows(db, "SELECT released FROM lockstep.lease")).containsExactly("(f)");
    }

    private Optional<Lease.Holder> holder() {
        return db.call(session -> Lease.holder(session, RUN));
    }

    private boolean mayComeBack(String run) {
        return db.call(session -> Lease.mayComeBack(session, run));
    }

    private long epoch() {
        return db.call(session -> session.number("SELECT epoch FROM lockstep.lease"));
    }

    /// A server shows a session for a moment after its client has closed it.
    private void awaitSessions(int count) {
        await("SELECT count(*) = %d FROM (%s) AS s".formatted(count, LEASES));
    }

    private void endSessions() {
        assertThat(Pair.rows(db, SESSIONS)).containsExactly("(t)");
    }

    private void await(String condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!db.call(session -> session.flag(condition))) {
            assertThat(System.nanoTime()).as(condition).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }
}
