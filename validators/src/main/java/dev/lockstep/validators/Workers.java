package dev.lockstep.validators;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/// Works with several sessions at once.
public final class Workers {
    private Workers() {}

    /// Runs the same work on every pair of sessions. Returns when all are done. The first failure
    /// is rethrown after the others were interrupted, which cuts their connections, so that none is
    /// left scanning.
    public static void run(Sides sides, Consumer<SessionPair> work) {
        List<Callable<Boolean>> tasks = new ArrayList<>();
        for (SessionPair pair : sides.pairs()) {
            tasks.add(() -> {
                work.accept(pair);
                return true;
            });
        }
        List<Boolean> _ = all(tasks);
    }

    /// What tasks bring that use no session of each other's, in their order; fails as [#run] does.
    public static <T> List<T> all(List<Callable<T>> tasks) {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var done = new ExecutorCompletionService<T>(threads);
            List<Future<T>> results = tasks.stream().map(done::submit).toList();
            try {
                for (int i = 0; i < tasks.size(); i++) {
                    done.take().get();
                }
            } catch (ExecutionException e) {
                threads.shutdownNow();
                throw rethrown(e);
            } catch (InterruptedException e) {
                threads.shutdownNow();
                Thread.currentThread().interrupt();
                throw new LockstepException(
                        Fault.INTERRUPTED, "the verification was interrupted before its end", e);
            }
            return results.stream().map(Future::resultNow).toList();
        }
    }

    private static RuntimeException rethrown(ExecutionException e) {
        return switch (e.getCause()) {
            case RuntimeException failure -> failure;
            case Error error -> throw error;
            case null, default -> throw new AssertionError(e);
        };
    }
}
