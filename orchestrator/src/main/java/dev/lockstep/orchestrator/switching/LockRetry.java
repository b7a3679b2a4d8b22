package dev.lockstep.orchestrator.switching;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.time.Duration;
import java.util.function.Consumer;

/// Statements that wait for a strong lock: short waits, so that nobody queues behind them for long,
/// and many of them.
public final class LockRetry {
    private static final int ATTEMPTS_MAX = 60;
    private static final Duration LOCK_MAX = Duration.ofMillis(500);

    private static final RetryConfig CONFIG =
            RetryConfig.custom()
                    .maxAttempts(ATTEMPTS_MAX)
                    .intervalFunction(
                            IntervalFunction.ofExponentialRandomBackoff(
                                    Duration.ofMillis(50), 1.5, 0.5, Duration.ofSeconds(2)))
                    .retryOnException(e ->
                            e instanceof LockstepException own && own.fault() == Fault.LOCK_TIMEOUT)
                    .build();

    private LockRetry() {}

    /// Runs `work` in a transaction, again and again until it gets its locks, within bounds.
    public static void inTransaction(Db db, Consumer<Session> work) {
        Retry.of("lock", CONFIG)
                .executeRunnable(() ->
                        db.tx(session -> {
                            preferOverVacuum(session);
                            session.run("SET LOCAL lock_timeout = " + LOCK_MAX.toMillis());
                            work.accept(session);
                        }));
    }

    /// Has PostgreSQL cancel an autovacuum that is in the way at once instead of after a second,
    /// where the user may ask for that.
    static void preferOverVacuum(Session session) {
        session.run("SAVEPOINT lockstep_vacuum");
        try {
            session.run("SET LOCAL deadlock_timeout = '10ms'");
        } catch (LockstepException e) {
            session.run("ROLLBACK TO SAVEPOINT lockstep_vacuum");
        }
    }
}
