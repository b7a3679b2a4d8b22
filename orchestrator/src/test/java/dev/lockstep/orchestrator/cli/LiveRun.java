package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// A `run` in the foreground of a thread, as it would be in a terminal. Interrupting the thread is
/// what Ctrl-C does to a process.
final class LiveRun implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /// To look is to connect: whoever waits for long looks more rarely.
    private static final Duration LOOK_FIRST_AFTER = Duration.ofMillis(150);

    private static final Duration LOOK_EVERY_MAX = Duration.ofMillis(600);

    private final Move move;
    private final CompletableFuture<Told> told = new CompletableFuture<>();
    private final Thread thread;

    private LiveRun(Move move, String... options) {
        this.move = move;
        this.thread =
                Thread.ofPlatform()
                        .name("live " + move.name())
                        .start(() -> told.complete(move.told("run", options)));
    }

    static LiveRun start(Move move, String... options) {
        return new LiveRun(move, options);
    }

    /// A run that is in step and goes on.
    static LiveRun inStep(Move move) {
        return start(move).awaitState("in-step");
    }

    /// Waits until `status` tells this state of a run that somebody works on, and in step, that
    /// changes are carried.
    LiveRun awaitState(String state) {
        await(
                "state " + state,
                () -> {
                    if (told.isDone()) {
                        throw new AssertionError("the run has ended: " + ended());
                    }
                    return Status.isAt(move, state);
                });
        return this;
    }

    /// Waits for a condition, and fails after a time that is long for a busy machine.
    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        long pause = LOOK_FIRST_AFTER.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("%s within %s", what, PATIENCE).isLessThan(deadline);
            LockSupport.parkNanos(pause);
            pause = Math.min(pause + pause / 4, LOOK_EVERY_MAX.toNanos());
        }
    }

    /// What the run told at its end, which is near.
    Told ended() {
        try {
            return told.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError("no end of the run of " + move.name(), e);
        }
    }

    /// Whether somebody interrupts its work, and that stands at something, in this time.
    boolean isInterruptedWithin(Duration time) {
        long deadline = System.nanoTime() + time.toNanos();
        while (!thread.isInterrupted() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        }
        return thread.isInterrupted();
    }

    /// Stops it as Ctrl-C does, and returns what it told.
    Told stop() {
        thread.interrupt();
        return ended();
    }

    @Override
    public void close() {
        assertThat(List.of(0, 1, 3, 130)).contains(stop().exit());
    }
}
