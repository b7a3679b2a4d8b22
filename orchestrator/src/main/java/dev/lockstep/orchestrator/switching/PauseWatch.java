package dev.lockstep.orchestrator.switching;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.SessionPair;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Lets writes go on when a pause is over, whatever its process waits for then: ends the sessions
/// whose transactions hold them. It also ends commits that wait for a synchronous replica, which
/// have no limit of their own and are in the server's WAL by then.
///
/// Thread rule: a thread of its own waits; the others are those of the switch.
final class PauseWatch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(PauseWatch.class);

    /// A backend that is in a statement does not see that its client has gone.
    private static final String END = "SELECT pg_terminate_backend(%d)";

    private static final String END_WAITS =
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE wait_event = 'SyncRep' AND usename = current_user
               AND datname = current_database()
               AND application_name || ' ' LIKE 'lockstep ' || ? || ' %'\
            """;

    private final String run;
    private final Db active;
    private final Db standby;
    private final SessionPair held;
    private final int pid;
    private final CountDownLatch closed = new CountDownLatch(1);
    private boolean committing;
    private boolean hasCut;

    private PauseWatch(String run, Db active, Db standby, SessionPair held) {
        this.run = run;
        this.active = active;
        this.standby = standby;
        this.held = held;
        this.pid = held.active().backendPid();
    }

    /// @param active whose writes are held, by the pair's first session
    static PauseWatch start(Duration left, String run, Db active, Db standby, SessionPair held) {
        PauseWatch watch = new PauseWatch(run, active, standby, held);
        var _ = Thread.ofVirtual().name("pause").start(() -> watch.endAfter(left));
        return watch;
    }

    private void endAfter(Duration left) {
        try {
            if (closed.await(left.toNanos(), TimeUnit.NANOSECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            return;
        }
        if (cut()) {
            attempt(active, session -> session.one(END.formatted(pid)));
        }
        for (Db db : closed.getCount() > 0 ? List.of(active, standby) : List.<Db>of()) {
            attempt(db, session -> session.rows(END_WAITS, row -> row.textAt(1), run).toString());
        }
    }

    private static void attempt(Db db, Function<Session, String> work) {
        try (Session session = db.brief("pause")) {
            String _ = work.apply(session);
        } catch (LockstepException e) {
            log.atInfo()
                    .addKeyValue("why", e.text())
                    .log("what holds writes ends with its statement");
        }
    }

    private synchronized boolean cut() {
        if (closed.getCount() > 0 && !committing) {
            hasCut = true;
            held.active().abort();
            held.standby().abort();
        }
        return hasCut;
    }

    /// Whether it was too late for the switch.
    synchronized boolean hasCut() {
        return hasCut;
    }

    /// From now on the sessions are let to their commits. Fails where they were ended.
    synchronized void commit() {
        if (hasCut) {
            throw new LockstepException(Fault.UNREACHABLE, "the sessions were ended");
        }
        committing = true;
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
