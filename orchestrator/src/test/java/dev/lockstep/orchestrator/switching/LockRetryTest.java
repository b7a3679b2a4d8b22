package dev.lockstep.orchestrator.switching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.PostgresServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LockRetryTest {
    private final Db db = PostgresServer.shared().database();

    @AfterEach
    void close() {
        db.close();
    }

    /// One that is stopped between the lock and the end would hold everybody else.
    @Test
    void theServerEndsWhatAProcessThatIsStoppedHasLocked() {
        String limit =
                LockRetry.inTransaction(
                        db, session -> session.one("SHOW idle_in_transaction_session_timeout"));
        assertThat(limit).isEqualTo("5s");
    }

    @Test
    void anInterruptEndsTheAttempts() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() ->
                        LockRetry.untilLocked(LockRetryTest::locked, _ -> 60_000L, (_, _) -> true))
                .isInstanceOfSatisfying(
                        LockstepException.class,
                        e -> assertThat(e.fault()).isEqualTo(Fault.INTERRUPTED));
        assertThat(Thread.interrupted()).isTrue();
    }

    private static String locked() {
        throw new LockstepException(Fault.LOCK_TIMEOUT, "somebody has it");
    }
}
