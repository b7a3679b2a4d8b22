package dev.lockstep.validators;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/// Runs the same work on every pair of sessions at once.
public final class Workers {
    private Workers() {}

    /// Returns when all are done. The first failure is rethrown after the others were interrupted,
    /// which cuts their connections, so that none is left scanning.
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
                Thread.currentThread().interrupt();
                throw new LockstepException(
                        Fault.INTERRUPTED, "the verification was interrupted before its end", e);
            }
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
