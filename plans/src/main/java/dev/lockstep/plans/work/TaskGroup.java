package dev.lockstep.plans.work;

import dev.lockstep.plans.fault.Check;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// Tasks that live no longer than the block that opened the group, each on a virtual thread.
///
/// The first failure interrupts the other tasks and is what [#joinOrThrow] throws; what the others
/// die of after that is a consequence and is dropped. An interrupt closes the socket that a virtual
/// thread waits on, so a task that is stuck in a database call ends as well.
///
/// Thread rule: one thread forks, joins and closes; tasks may fork too.
public final class TaskGroup implements AutoCloseable {
    private final String name;
    private final List<Thread> running = new ArrayList<>();
    private @Nullable Throwable failure;
    private boolean stopped;

    private TaskGroup(String name) {
        this.name = name;
    }

    /// Work without a result that may throw anything.
    @FunctionalInterface
    public interface Action {
        void run() throws Exception;
    }

    /// An empty group; its threads are called `name/task`.
    public static TaskGroup named(String name) {
        return new TaskGroup(name);
    }

    public void fork(String task, Action action) {
        start(task, () -> runTask(action));
    }

    /// As the other, for a result. The future fails only when the group does.
    public <T> Future<T> fork(String task, Callable<T> callable) {
        CompletableFuture<T> result = new CompletableFuture<>();
        start(
                task,
                () -> {
                    runTask(() -> result.complete(callable.call()));
                    result.cancel(false);
                });
        return result;
    }

    /// Waits until all tasks are through, or throws what the first failing one threw.
    public void joinOrThrow() {
        Throwable cause;
        synchronized (this) {
            try {
                while (!running.isEmpty() && failure == null) {
                    wait();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new LockstepException(Fault.INTERRUPTED, name + " was interrupted", e);
            }
            cause = failure;
        }
        if (cause != null) {
            close();
            throw asUnchecked(cause);
        }
    }

    /// Interrupts what still runs and waits for its end. An interrupt of the caller does not cut
    /// the wait short, since no task may outlive the group.
    @Override
    public void close() {
        boolean interrupted = false;
        synchronized (this) {
            stopped = true;
            running.forEach(Thread::interrupt);
            while (!running.isEmpty()) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void start(String task, Runnable work) {
        Thread thread =
                Thread.ofVirtual()
                        .name(name + "/" + task)
                        .unstarted(() -> {
                            try {
                                work.run();
                            } finally {
                                ended();
                            }
                        });
        synchronized (this) {
            Check.that(!stopped || failure != null, "task group %s is closed", name);
            running.add(thread);
            if (stopped || failure != null) {
                thread.interrupt();
            }
        }
        thread.start();
    }

    private synchronized void ended() {
        running.remove(Thread.currentThread());
        notifyAll();
    }

    private void runTask(Action action) {
        try {
            action.run();
        } catch (Throwable e) {
            failed(e);
        }
    }

    private synchronized void failed(Throwable e) {
        if (failure == null && !stopped) {
            failure = e;
            running.forEach(Thread::interrupt);
            notifyAll();
        }
    }

    private RuntimeException asUnchecked(Throwable cause) {
        return switch (cause) {
            case RuntimeException e -> e;
            case Error e -> throw e;
            case InterruptedException e ->
                    new LockstepException(Fault.INTERRUPTED, name + " was interrupted", e);
            default -> new LockstepException(Fault.INTERNAL, name + " failed: " + cause, cause);
        };
    }
}
