package dev.lockstep.orchestrator.run;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// Asks the thread that brings a run forward to leave what it is at. Also what that thread waits on
/// when it has nothing to do.
public final class Stop {
    private final CountDownLatch asked = new CountDownLatch(1);
    private final AtomicReference<@Nullable LockstepException> reason = new AtomicReference<>();
    private final Thread worker = Thread.currentThread();

    /// Stops the thread that made this, for `why`. Only the first reason counts.
    public void ask(LockstepException why) {
        if (reason.compareAndSet(null, why)) {
            // Whoever hears of it one way and deals with that is not to be interrupted once more.
            worker.interrupt();
            asked.countDown();
        }
    }

    public void interrupt() {
        ask(
                new LockstepException(
                        Fault.INTERRUPTED,
                        "stopped; the run is kept as it is, `run` goes on with it"));
    }

    public boolean isAsked() {
        return reason.get() != null;
    }

    public Optional<LockstepException> reason() {
        return Optional.ofNullable(reason.get());
    }

    /// Waits, unless asked to stop.
    public void pause(Duration length) throws InterruptedException {
        if (asked.await(length.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new InterruptedException("stopped");
        }
    }

    /// As the other, where nothing is under way that an interruption would have to leave in order.
    public void rest(Duration length) {
        try {
            pause(length);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LockstepException(Fault.INTERRUPTED, "interrupted while waiting", e);
        }
    }

    public void throwIfAsked() {
        LockstepException why = reason.get();
        if (why != null) {
            throw why;
        }
    }
}
