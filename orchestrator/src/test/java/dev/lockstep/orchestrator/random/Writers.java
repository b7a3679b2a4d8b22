package dev.lockstep.orchestrator.random;

import dev.lockstep.orchestrator.kill.Databases;
import dev.lockstep.orchestrator.kill.Waiting;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.SqlStates;
import dev.lockstep.testing.Zoo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Applications that write all the time, to the side that lets them. Every transaction leaves its
/// number in the table `tally`, and is remembered when it was acknowledged.
///
/// Together they are faster than one standby that writes large rows without a key, on the same
/// machine: where one side is far ahead of the other they write slowly, as nobody can come up with
/// them otherwise.
final class Writers implements AutoCloseable {
    static final String TALLY = "CREATE TABLE tally (writer int, n int%s);\n";

    /// What constraints and other writers refuse; whatever else goes wrong is somebody's fault.
    private static final Set<String> BY_CHANCE =
            Set.of("40001", "40P01", SqlStates.LOCK_NOT_AVAILABLE, "0A000", "22003", "55006");

    private static final long LEAD_MAX = 150;
    private static final int PAUSE_MILLIS = 40;
    private static final int LEADING_PAUSE_MILLIS = 300;
    private static final Duration LOOK_EVERY = Duration.ofMillis(500);

    private final List<Writer> writers = new ArrayList<>();
    private final Databases databases;
    private final Thread looking = Thread.ofVirtual().unstarted(this::lookForLead);
    private volatile boolean leading;
    private volatile long arrived;
    private final Semaphore turns;
    private volatile boolean ended;
    private volatile @Nullable Throwable failure;

    /// @param count how many write at a time
    Writers(Databases databases, List<Shape> shapes, Random random, int count) {
        this.databases = databases;
        this.turns = new Semaphore(count, true);
        for (int i = 0; i < count; i++) {
            Random own = new Random(random.nextLong());
            writers.add(new Writer(databases, i, own, new Work(own, shapes)));
        }
        writers.forEach(writer -> writer.thread.start());
        looking.start();
    }

    private void lookForLead() {
        try {
            while (!ended && failure == null) {
                long source = tallied(Side.SOURCE);
                long target = tallied(Side.TARGET);
                arrived = Math.min(source, target);
                // Before the copy is over there is nobody who could come up.
                leading = target > 0 && Math.abs(source - target) > LEAD_MAX;
                LockSupport.parkNanos(LOOK_EVERY.toNanos());
            }
        } catch (RuntimeException | AssertionError e) {
            failure = e;
        }
    }

    /// How many of their transactions both sides have.
    long arrived() {
        return arrived;
    }

    private long tallied(Side side) {
        return databases.number(side, "SELECT count(*) FROM public.tally");
    }

    static boolean isRefusedByChance(LockstepException e) {
        String state = SqlStates.of(e).orElse("");
        return BY_CHANCE.contains(state) || state.startsWith("23");
    }

    /// Looks while nobody writes.
    <T> T still(Supplier<T> look) {
        turns.acquireUninterruptibly(writers.size());
        try {
            throwIfFailed();
            return look.get();
        } finally {
            turns.release(writers.size());
        }
    }

    void throwIfFailed() {
        Throwable failed = failure;
        if (failed != null) {
            throw new AssertionError("an application failed: " + failed.getMessage(), failed);
        }
    }

    /// Waits until so many more transactions were acknowledged.
    void awaitWrites(int more) {
        long goal = acknowledged() + more;
        Waiting.until(
                "the applications write",
                () -> acknowledged() >= goal,
                () -> acknowledged() + " acknowledged");
    }

    long acknowledged() {
        throwIfFailed();
        return writers.stream().mapToLong(Writer::count).sum();
    }

    /// What the table of numbers must hold.
    List<String> tally() {
        return writers.stream()
                .flatMap(writer ->
                        writer.acknowledged.stream().mapToObj(n -> writer.number + " " + n))
                .sorted()
                .toList();
    }

    @Override
    public void close() {
        ended = true;
        Waiting.until("nobody looks", () -> !looking.isAlive(), Waiting::stacks);
        for (Writer writer : writers) {
            Waiting.until("a writer ends", () -> !writer.thread.isAlive(), Waiting::stacks);
            writer.sessions.values().forEach(Session::close);
        }
    }

    private final class Writer {
        private final int number;
        private final Random random;
        private final Work work;
        private final Map<Side, Session> sessions = new EnumMap<>(Side.class);
        private final BitSet acknowledged = new BitSet();
        private final Thread thread;
        private Side side = Side.SOURCE;
        private int n;
        private final AtomicLong count = new AtomicLong();

        private Writer(Databases databases, int number, Random random, Work work) {
            this.number = number;
            this.random = random;
            this.work = work;
            for (Side each : Side.values()) {
                Session session = databases.of(each).session("writer " + number);
                session.run(Zoo.SETTINGS);
                session.run("SET statement_timeout = '60s'; SET lock_timeout = '30s'");
                sessions.put(each, session);
            }
            this.thread = Thread.ofPlatform().name("writer-" + number).unstarted(this::write);
        }

        private long count() {
            return count.get();
        }

        private Session session() {
            return java.util.Objects.requireNonNull(sessions.get(side));
        }

        private void write() {
            while (!ended && failure == null) {
                turns.acquireUninterruptibly();
                try {
                    attempt();
                } catch (LockstepException e) {
                    session().rollback();
                    if (SqlStates.of(e).orElse("").equals(SqlStates.READ_ONLY)) {
                        side = side.other();
                    } else if (!isRefusedByChance(e)) {
                        failure = e;
                    }
                } catch (RuntimeException | AssertionError e) {
                    failure = e;
                } finally {
                    turns.release();
                }
                int pause = random.nextInt(PAUSE_MILLIS);
                LockSupport.parkNanos((leading ? LEADING_PAUSE_MILLIS : pause) * 1_000_000L);
            }
        }

        private void attempt() {
            n++;
            Session session = session();
            if (random.nextInt(6) == 0) {
                session.beginSnapshot(true);
            } else {
                session.begin();
            }
            boolean first = random.nextBoolean();
            if (first) {
                count(session);
            }
            work.some(session);
            if (!first) {
                count(session);
            }
            if (random.nextInt(10) == 0) {
                session.rollback();
                return;
            }
            session.commit();
            acknowledged.set(n);
            count.incrementAndGet();
        }

        private void count(Session session) {
            session.update("INSERT INTO tally VALUES (?, ?)", number, n);
        }
    }
}
