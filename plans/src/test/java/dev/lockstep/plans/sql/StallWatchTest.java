package dev.lockstep.plans.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.testing.PostgresServer;
import dev.lockstep.testing.Proxy;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StallWatchTest {
    private static final String ALIVE =
            """
            SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'lockstep stalled'\
            """;

    private static final String IS_WAITING =
            """
            SELECT EXISTS (SELECT FROM pg_locks l
                             JOIN pg_database d ON d.oid = l.database
                            WHERE NOT granted AND locktype = 'advisory'
                              AND datname = current_database())\
            """;

    private final Db direct = PostgresServer.shared().database();
    private final Proxy proxy = Proxy.to(direct.endpoint().port());
    private final Db db =
            Impatient.of(
                    new Endpoint(
                            direct.endpoint()
                                    .url()
                                    .replace(
                                            Integer.toString(direct.endpoint().port()),
                                            Integer.toString(proxy.port())),
                            direct.endpoint().user(),
                            direct.endpoint().password()),
                    "lockstep");

    @AfterEach
    void close() {
        db.close();
        proxy.close();
        direct.close();
    }

    private void awaitNoneAlive() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!direct.call(session -> session.one(ALIVE)).equals("0")) {
            assertThat(System.nanoTime()).as("the server's end").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    @Test
    void aQuestionThatIsLostEndsTheConnectionOnBothSides() {
        try (Session session = db.session("stalled")) {
            session.begin();
            session.run("SELECT 1");
            assertThat(proxy.stall("stalled")).isEqualTo(1);
            assertThatThrownBy(() -> session.run("SELECT 2"))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.fault()).isEqualTo(Fault.UNREACHABLE));
        }
        awaitNoneAlive();
    }

    @Test
    void anAnswerThatIsLostEndsTheConnectionToo() throws Exception {
        try (Session session = db.session("stalled");
                Session other = direct.session("lock")) {
            other.run("SELECT pg_advisory_lock(1)");
            CompletableFuture<LockstepException> failed = new CompletableFuture<>();
            Thread waiting =
                    Thread.startVirtualThread(() -> {
                        try {
                            session.run("SELECT pg_advisory_lock(1)");
                        } catch (LockstepException e) {
                            failed.complete(e);
                        }
                    });
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (!direct.call(s -> s.flag(IS_WAITING))) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                Thread.onSpinWait();
            }
            proxy.stall("stalled");
            other.run("SELECT pg_advisory_unlock(1)");
            assertThat(failed.get(30, TimeUnit.SECONDS).fault()).isEqualTo(Fault.UNREACHABLE);
            waiting.join();
        }
        awaitNoneAlive();
    }

    @Test
    void aStatementThatTakesLongIsLeftAlone() {
        try (Session session = db.session("slow")) {
            assertThat(session.one("SELECT 'done' FROM pg_sleep(3)")).isEqualTo("done");
        }
    }

    @Test
    void aServerThatCannotBeAskedEndsWhatWaitsForIt() {
        try (Session session = db.session("stalled")) {
            proxy.stall("");
            proxy.refuse();
            assertThatThrownBy(() -> session.run("SELECT 1"))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.fault()).isEqualTo(Fault.UNREACHABLE));
        }
    }
}
