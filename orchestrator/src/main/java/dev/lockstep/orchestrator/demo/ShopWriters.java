package dev.lockstep.orchestrator.demo;

import dev.lockstep.plans.fault.Check;
import dev.lockstep.plans.sql.Endpoint;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;

/// The shop's applications: threads that write all the time, at a steady rate, to whichever
/// database is active, and remember outside of the databases what was acknowledged.
public final class ShopWriters implements AutoCloseable {
    private static final Duration STOP_MAX = Duration.ofSeconds(20);

    private final WriteRecord record;
    private final Gaps gaps;
    private final InstantSource clock;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final List<ShopWriter> writers = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile Supplier<Endpoint> active;

    /// How much is written.
    ///
    /// @param perSecond transactions of all writers together
    /// @param seed what the writes are follows from it
    public record Load(int writers, int perSecond, long seed) {
        /// A busy shop that leaves two cores enough for the rest.
        public static final Load MODERATE = new Load(4, 400, 20_260_101);

        public Load {
            Check.that(writers > 0 && perSecond > 0, "%d writers, %d/s", writers, perSecond);
        }

        Duration interval() {
            return Duration.ofSeconds(writers).dividedBy(perSecond);
        }
    }

    private ShopWriters(Load load, Supplier<Endpoint> active, InstantSource clock) {
        this.record = new WriteRecord(load.writers());
        this.gaps = new Gaps(clock.instant());
        this.clock = clock;
        this.active = active;
    }

    /// Starts writing to a shop that was loaded with `size`. `active` is asked before every
    /// attempt; where it is late, the write is refused there and made again.
    public static ShopWriters start(
            ShopSize size, Load load, Supplier<Endpoint> active, InstantSource clock) {
        ShopWriters all = new ShopWriters(load, active, clock);
        var shared =
                new ShopWriter.Shared(
                        () -> all.active.get(), all.record, all.gaps, all.stopping, clock);
        for (int id = 1; id <= load.writers(); id++) {
            ShopWork work = new ShopWork(size, id, load.seed());
            ShopWriter writer = new ShopWriter(id, work, load.interval(), shared);
            all.writers.add(writer);
            all.threads.add(Thread.ofPlatform().daemon().name("shop-writer-" + id).start(writer));
        }
        return all;
    }

    /// From now on another one tells which database is active.
    public void follow(Supplier<Endpoint> other) {
        active = other;
    }

    /// What was acknowledged so far, and what was not.
    public WriteRecord record() {
        return record;
    }

    /// The longest time without any acknowledged write that ended after `from` or still goes on.
    public Duration longestPauseSince(Instant from) {
        return gaps.longest(from, clock.instant());
    }

    /// Lets every writer finish the write that it is at. A write that still waits behind a fence is
    /// dropped; it was never acknowledged.
    @Override
    public void close() {
        stopping.countDown();
        boolean stopped = true;
        for (Thread thread : threads) {
            stopped &= joined(thread);
        }
        if (!stopped) {
            writers.forEach(ShopWriter::abort);
            threads.forEach(ShopWriters::joined);
        }
    }

    private static boolean joined(Thread thread) {
        try {
            return thread.join(STOP_MAX);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
