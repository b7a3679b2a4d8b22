package dev.lockstep.orchestrator.run;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Ctrl-C and loss of the lease, turned into a request to stop: what is under way ends in order,
/// and only then does the process.
public final class Interruption implements AutoCloseable {
    private static final Duration ORDERLY_MAX = Duration.ofSeconds(30);

    private final Stop stop = new Stop();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread hook = Thread.ofPlatform().name("interruption").unstarted(this::interrupt);

    /// From here on the calling thread is asked to stop when the process is, or the lease is lost.
    public static Interruption watch(Lease lease) {
        Interruption interruption = watch();
        lease.keep(interruption.stop::ask);
        return interruption;
    }

    /// From here on the calling thread is asked to stop when the process is.
    public static Interruption watch() {
        Interruption interruption = new Interruption();
        Runtime.getRuntime().addShutdownHook(interruption.hook);
        return interruption;
    }

    public Stop stop() {
        return stop;
    }

    private void interrupt() {
        stop.interrupt();
        try {
            var _ = closed.await(ORDERLY_MAX.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// What was under way has ended.
    @Override
    public void close() {
        closed.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The hook is what is running.
        }
    }
}
