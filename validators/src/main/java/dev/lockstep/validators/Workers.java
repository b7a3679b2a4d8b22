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
    /// is rethrown after the others were interrupted, which cuts their connections.
    public static void run(Sides sides, Consumer<SessionPair> work) {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var done = new ExecutorCompletionService<Boolean>(threads);
            for (SessionPair pair : sides.pairs()) {
                done.submit(() -> work.accept(pair), true);
            }
            try {
                for (int i = 0; i < sides.pairs().size(); i++) {
                    done.take().get();
                }
            } catch (ExecutionException e) {
                threads.shutdownNow();
                throw rethrown(e);
            } catch (InterruptedException e) {
                threads.shutdownNow();
                throw interrupted(e);
            }
        }
    }

    /// What tasks bring that use no session of each other's, in their order. The failure of one is
    /// told when all have ended: a session that holds writes has to be idle to let go of them at
    /// once.
    public static <T> List<T> all(List<Callable<T>> tasks) {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<T> results = new ArrayList<>();
            for (Future<T> done : threads.invokeAll(tasks)) {
                results.add(done.get());
            }
            return results;
        } catch (ExecutionException e) {
            throw rethrown(e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static LockstepException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new LockstepException(
                Fault.INTERRUPTED, "the verification was interrupted before its end", e);
    }

    private static RuntimeException rethrown(ExecutionException e) {
        return switch (e.getCause()) {
            case RuntimeException failure -> failure;
            case Error error -> throw error;
            case null, default -> throw new AssertionError(e);
        };
    }
}
