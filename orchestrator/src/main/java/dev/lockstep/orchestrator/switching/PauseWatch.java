package dev.lockstep.orchestrator.switching;

import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.validators.SessionPair;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Lets writes go on when a pause is over, whatever its process waits for then: ends the sessions
/// whose transactions hold them. To be closed before one of these commits.
///
/// Thread rule: a thread of its own waits; the others are those of the switch.
final class PauseWatch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(PauseWatch.class);

    /// A backend that is in a statement does not see that its client has gone.
    private static final String END = "SELECT pg_terminate_backend(%d)";

    private final Db active;
    private final SessionPair held;
    private final int pid;
    private final CountDownLatch closed = new CountDownLatch(1);
    private boolean hasCut;

    private PauseWatch(Db active, SessionPair held) {
        this.active = active;
        this.held = held;
        this.pid = held.active().backendPid();
    }

    /// @param active whose writes are held, by the pair's first session
    static PauseWatch start(Duration left, Db active, SessionPair held) {
        PauseWatch watch = new PauseWatch(active, held);
        var _ = Thread.ofVirtual().name("pause").start(() -> watch.cutAfter(left));
        return watch;
    }

    private void cutAfter(Duration left) {
        try {
            if (!closed.await(left.toNanos(), TimeUnit.NANOSECONDS) && cut()) {
                active.call(session -> session.one(END.formatted(pid)));
            }
        } catch (InterruptedException | LockstepException e) {
            log.atInfo().addKeyValue("why", e.getMessage()).log("a fence ends with its statement");
        }
    }

    private synchronized boolean cut() {
        if (closed.getCount() > 0) {
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

    @Override
    public synchronized void close() {
        closed.countDown();
    }
}
