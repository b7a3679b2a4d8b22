package dev.lockstep.cdc.apply;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Lsn;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Lets commits through to the standby up to a limit, so that it can be made to stand at one exact
/// position. The applier asks before each commit; others move the limit.
public final class ApplyGate {
    private static final Lsn OPEN = new Lsn(-1L);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Lsn limit = OPEN;
    private Lsn waiting = Lsn.ZERO;
    private boolean committing;
    private boolean closed;

    /// Stops commits; returns once none is under way.
    public void hold(Duration atMost) throws InterruptedException {
        lock.lock();
        try {
            limit = Lsn.ZERO;
            await(atMost, () -> !committing, "the applier to finish its batch");
        } finally {
            lock.unlock();
        }
    }

    /// Lets commits through that end at or before `position`.
    public void raiseTo(Lsn position) {
        set(position);
    }

    /// Waits until the applier stands before a commit beyond `position`: all up to there is in.
    public void awaitStandingAt(Lsn position, Duration atMost) throws InterruptedException {
        lock.lock();
        try {
            await(
                    atMost,
                    () -> waiting.isAfter(position),
                    "the standby to reach position " + position);
        } finally {
            lock.unlock();
        }
    }

    /// Lets everything through.
    public void release() {
        set(OPEN);
    }

    /// Nobody will come through any more; whoever waits fails.
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Whether a commit that ends at `end` may go through now.
    boolean admits(Lsn end) {
        lock.lock();
        try {
            return !end.isAfter(limit);
        } finally {
            lock.unlock();
        }
    }

    /// Waits until a commit that ends at `end` may go through, and marks it as under way.
    void enter(Lsn end) throws InterruptedException {
        lock.lock();
        try {
            waiting = end;
            changed.signalAll();
            while (end.isAfter(limit)) {
                if (closed) {
                    throw new InterruptedException("applier closed");
                }
                changed.await();
            }
            waiting = Lsn.ZERO;
            committing = true;
        } finally {
            lock.unlock();
        }
    }

    void leave() {
        lock.lock();
        try {
            committing = false;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void set(Lsn position) {
        lock.lock();
        try {
            limit = position;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private interface Fact {
        boolean holds();
    }

    private void await(Duration atMost, Fact fact, String what) throws InterruptedException {
        long left = atMost.toNanos();
        while (!fact.holds()) {
            if (closed || left <= 0) {
                throw new LockstepException(
                        Fault.LOCK_TIMEOUT,
                        "waited %d ms in vain for %s".formatted(atMost.toMillis(), what));
            }
            left = changed.awaitNanos(left);
        }
    }
}
