package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.CrashingServer;
import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Servers that crash and recover under a run and an application that go on by themselves.
@Order(4)
@Timeout(240)
class ServerCrashTest {
    private static final String ALL = "SELECT n FROM entry ORDER BY n";

    @TempDir Path folder = Path.of("");

    /// Inserts numbers, each in a transaction, wherever that is possible, and remembers those that
    /// were acknowledged.
    private static final class Writer implements AutoCloseable {
        private final Db[] sides;
        private final Set<Long> acknowledged = new ConcurrentSkipListSet<>();
        private final AtomicLong number = new AtomicLong();
        private final Thread thread;
        private volatile boolean stopped;

        private Writer(Db... sides) {
            this.sides = sides;
            this.thread = Thread.ofVirtual().start(this::work);
        }

        private void work() {
            int side = 0;
            while (!stopped) {
                long n = number.incrementAndGet();
                try (var session = sides[side].session("writer")) {
                    session.run(
                            "INSERT INTO public.entry VALUES (%d, repeat('x', 50))".formatted(n));
                    acknowledged.add(n);
                } catch (LockstepException e) {
                    side = 1 - side;
                }
            }
        }

        private void awaitMore() {
            long goal = acknowledged.size() + 20L;
            LiveRun.await("20 writes", () -> acknowledged.size() >= goal);
        }

        private void stop() {
            stopped = true;
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void close() {
            stop();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"source", "target"})
    void aRunGoesOnWhenAServerIsBack(String which) throws Exception {
        try (CrashingServer from = CrashingServer.start(folder.resolve("from"));
                CrashingServer to = CrashingServer.start(folder.resolve("to"));
                Pair pair = Pair.of(from.database("shop"), to.database("shop"))) {
            pair.onBoth("CREATE TABLE entry (n bigint PRIMARY KEY, text text)");
            Move move = Move.alone(folder, pair);
            CrashingServer crashing = which.equals("source") ? from : to;
            try (Writer writer = new Writer(pair.source(), pair.target());
                    LiveRun run = LiveRun.inStep(move)) {
                writer.awaitMore();
                crashing.crash();
                crashing.startAgain();
                writer.awaitMore();
                follows(pair.source(), pair.target());
                LiveRun.await("a cutover", () -> move.told("cutover").exit() == 0);
                writer.awaitMore();
                crashing.crash();
                crashing.startAgain();
                writer.awaitMore();
                writer.stop();
                follows(pair.target(), pair.source());
                assertThat(Pair.rows(pair.target(), ALL))
                        .containsAll(writer.acknowledged.stream().map("(%d)"::formatted).toList());
                move.told("complete").done();
                run.ended().done();
            }
            Sides.areLeftClean(pair);
        }
    }

    /// Whatever is on the active side now comes to the other.
    private static void follows(Db active, Db standby) {
        long last = Long.parseLong(number(active, "SELECT max(n) FROM entry"));
        LiveRun.await(
                "row " + last,
                () -> number(standby, "SELECT count(*) FROM entry WHERE n = " + last).equals("1"));
        String upTo = "SELECT md5(string_agg(n || text, ',' ORDER BY n)) FROM entry WHERE n <= ";
        assertThat(Pair.rows(standby, upTo + last)).isEqualTo(Pair.rows(active, upTo + last));
    }

    private static String number(Db db, String sql) {
        return Pair.rows(db, sql).getFirst().replaceAll("[()]", "");
    }

    @Test
    void aServerThatStaysAwayEndsTheRunWhichGoesOnLater() throws Exception {
        try (CrashingServer from = CrashingServer.start(folder.resolve("from"));
                CrashingServer to = CrashingServer.start(folder.resolve("to"));
                Pair pair = Pair.of(from.database("shop"), to.database("shop"))) {
            pair.onBoth("CREATE TABLE entry (n bigint PRIMARY KEY, text text)");
            Move move = Move.alone(folder, pair);
            try (LiveRun run = LiveRun.inStep(move)) {
                from.crash();
                LiveRun.await(
                        "status tells what it waits for",
                        () -> Status.of(move).text().contains("waits for"));
                assertThat(Status.of(move).text()).contains("UNREACHABLE", pair.source().label());
                run.ended().refused(1, "UNREACHABLE", "cannot connect", pair.source().label());
            }
            assertThat(Status.of(move).state()).isEqualTo("failed");
            from.startAgain();
            Pair.run(pair.source(), "INSERT INTO entry VALUES (1, 'late')");
            try (LiveRun _ = LiveRun.inStep(move)) {
                follows(pair.source(), pair.target());
            }
        }
    }
}
