package dev.lockstep.cdc.backfill;

import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/// Holds workers back so that on average no more than so many rows a second go over. A chunk pays
/// for its rows when it is through: the next one, whichever worker's, starts when its share of the
/// time is over. Safe for all threads.
final class Pace {
    private static final long NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LOOK_UP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final LongSupplier nanoTime;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private OptionalLong rowsPerSecond;
    private long freeAt;

    Pace(OptionalLong rowsPerSecond, LongSupplier nanoTime) {
        this.rowsPerSecond = rowsPerSecond;
        this.nanoTime = nanoTime;
        this.freeAt = nanoTime.getAsLong();
    }

    /// Sets another rate, empty for none; debts of the old one are forgiven.
    void change(OptionalLong rate) {
        lock.lock();
        try {
            rowsPerSecond = rate;
            freeAt = nanoTime.getAsLong();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void spend(long rows) {
        lock.lock();
        try {
            if (rowsPerSecond.isPresent()) {
                long now = nanoTime.getAsLong();
                long start = freeAt - now > 0 ? freeAt : now;
                freeAt = start + (long) ((double) rows / rowsPerSecond.getAsLong() * NANOS);
            }
        } finally {
            lock.unlock();
        }
    }

    /// Waits until the rows that went over are paid for; false if `stop` said so first.
    boolean await(BooleanSupplier stop) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!stop.getAsBoolean()) {
                long left = freeAt - nanoTime.getAsLong();
                if (left <= 0) {
                    return true;
                }
                var _ = changed.awaitNanos(Math.min(left, LOOK_UP_NANOS));
            }
            return false;
        } finally {
            lock.unlock();
        }
    }
}
