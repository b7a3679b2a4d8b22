package dev.lockstep.orchestrator.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Whole runs of tables, writes, troubles and deaths that nobody has thought of. Whatever happens,
/// both sides are equal in the end, each acknowledged transaction is there once, and nothing is
/// left over.
///
/// One of them is played, each time another; `-Dlockstep.rounds=N` plays so many,
/// `-Dlockstep.seed=S` those from a seed on. Where they are more than fifty, threads must not grow.
class RandomRunTest {
    private static final int ROUNDS = Integer.getInteger("lockstep.rounds", 1);
    private static final long SEED =
            Long.getLong("lockstep.seed", new SecureRandom().nextInt(Integer.MAX_VALUE));
    private static final int REPORTED = 50;
    private static final int THREADS_MORE = 30;

    @TempDir private Path folder = Path.of("");

    private int threads;

    @TestFactory
    Stream<DynamicTest> anyRunComesToItsEnd() {
        return LongStream.range(0, ROUNDS)
                .mapToObj(n -> dynamicTest("seed " + (SEED + n), () -> play(n, SEED + n)));
    }

    private void play(long number, long seed) throws Exception {
        long start = System.nanoTime();
        try {
            new Round(seed, Files.createDirectory(folder.resolve("round-" + number))).play(seed);
        } catch (AssertionError e) {
            // All of them come to an end before any is reported.
            System.out.printf("seed %d: %s%n", seed, e.getMessage());
            throw e;
        }
        if (ROUNDS > REPORTED) {
            System.out.printf(
                    "round %d, seed %d: %d ms%n",
                    number, seed, (System.nanoTime() - start) / 1_000_000);
            watch(number);
        }
    }

    private void watch(long number) {
        if (number == 2) {
            threads = Thread.activeCount();
        } else if (number > 2) {
            assertThat(Thread.activeCount()).isLessThan(threads + THREADS_MORE);
        }
        if (number % REPORTED == REPORTED - 1) {
            report();
        }
    }

    private void report() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        System.out.printf(
                "heap %d MiB, %d threads%n",
                (runtime.totalMemory() - runtime.freeMemory()) >> 20, Thread.activeCount());
    }
}
