package dev.lockstep.orchestrator.random;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.kill.Databases;
import dev.lockstep.orchestrator.kill.Waiting;
import dev.lockstep.orchestrator.random.Life.End;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.Zoo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/// One run from beginning to end. What is drawn is all by the seed; how it interleaves is not.
final class Round implements Life.Scene {
    private static final AtomicInteger NAMES = new AtomicInteger();
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    private static final Duration STILL_MAX = Duration.ofMinutes(2);
    private static final Duration ROUND_MAX = Duration.ofMinutes(10);

    /// What stalls may keep the run from the next life for as long as the lease is believed in.
    private static final int LIVES_MAX = 100;

    private static final long BREATH_NANOS = 100_000_000;

    static final String PLAN =
            """
            lockstep: 1
            name: %s
            source: { url: "%s", user: postgres, password: postgres }
            target: { url: "%s", user: postgres, password: postgres }
            kafka: embedded
            tables: { include: ["public.*"] }
            schema: { copy: none }
            backfill: { workers: %d, chunk: 8KiB, rows-per-second: %s }
            cutover: { max-lag: 60s, max-pause: 30s }
            """;

    private final String name = "random-" + NAMES.incrementAndGet();
    private final long start = System.nanoTime();
    private final Path folder;
    private final Random random;
    private final List<Shape> shapes;
    private final String ddl;
    private final int switches;
    private final List<List<Mishap>> lives;
    private final int workers;
    private final String rate;
    private final int writerCount;
    private final Databases databases = new Databases();
    private final List<Life> lived = new ArrayList<>();
    private final List<String> said = new CopyOnWriteArrayList<>();
    private final Writers writers;
    private int failures;
    private volatile boolean mayEnd;
    private volatile boolean troubled;

    Round(long seed, Path folder) {
        this.folder = folder;
        this.random = new Random(seed);
        this.shapes = Drawing.shapes(random);
        String tally = random.nextBoolean() ? ", PRIMARY KEY (n, writer)" : "";
        this.ddl =
                Drawing.ddl(shapes)
                        + Writers.TALLY.formatted(tally)
                        + "ALTER TABLE tally REPLICA IDENTITY %s;\n"
                                .formatted(tally.isEmpty() ? "FULL" : "DEFAULT");
        this.switches = List.of(0, 1, 1, 2, 3).get(random.nextInt(5));
        this.lives = Mishap.lives(random, switches);
        this.workers = 1 + random.nextInt(3);
        this.rate = List.of("unlimited", "unlimited", "400", "2000").get(random.nextInt(4));
        this.writerCount = 1 + random.nextInt(3);
        fill();
        this.writers = new Writers(databases, shapes, new Random(random.nextLong()), writerCount);
    }

    private void fill() {
        Pair.run(databases.of(Side.SOURCE), ddl);
        Pair.run(databases.of(Side.TARGET), ddl);
        Work work = new Work(new Random(random.nextLong()), shapes);
        try (Session session = databases.of(Side.SOURCE).session("fill")) {
            session.run(Zoo.SETTINGS);
            for (Shape shape : shapes) {
                work.fill(session, shape, List.of(0, 10, 60, 150, 300).get(random.nextInt(5)));
            }
        }
    }

    /// Plays it, and says what it was where something is wrong.
    void play(long seed) throws Exception {
        try {
            playOut();
            writers.awaitWrites(10);
            writers.close();
            // What a server does not know to be gone, it ends when the network does.
            lived.forEach(Life::close);
            checkOver();
            databases.drop();
        } catch (Exception | AssertionError e) {
            AssertionError told = new AssertionError(described(seed, e), e);
            for (AutoCloseable rest : Stream.concat(lived.stream(), Stream.of(writers)).toList()) {
                try {
                    rest.close();
                } catch (Exception | AssertionError more) {
                    told.addSuppressed(more);
                }
            }
            databases.close();
            throw told;
        }
    }

    private String described(long seed, Throwable e) {
        return ("%s%n%nto repeat: -Dlockstep.rounds=1 -Dlockstep.seed=%d%n%n%s%n%s writers, %d "
                        + "switches%n%s%n%s")
                .formatted(
                        e.getMessage(),
                        seed,
                        ddl,
                        writerCount,
                        switches,
                        lives,
                        String.join("\n", said));
    }

    private void playOut() throws InterruptedException {
        Path home = folder.resolve(name);
        for (int number = 0; number < LIVES_MAX; number++) {
            List<Mishap> mishaps = number < lives.size() ? lives.get(number) : List.of();
            Life life = new Life(this, home, mishaps, new Random(random.nextLong()));
            lived.add(life);
            await(life.settledOrEnd());
            if (!mayEnd && !life.end().isDone()) {
                mayEnd = isEqual(life);
            }
            End end = await(life.end());
            if (end.over()) {
                return;
            }
            judge(end);
            home = end.home();
            LockSupport.parkNanos(random.nextInt(200) * 1_000_000L);
        }
        throw new AssertionError("no life brought the run to its end");
    }

    /// A busy machine may take long, but not without anything happening.
    private <T> T await(CompletableFuture<T> future) throws InterruptedException {
        long last = progress();
        long since = System.nanoTime();
        while (true) {
            try {
                return future.get(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
            } catch (ExecutionException e) {
                throw new AssertionError("ended: " + Waiting.stacks(), e);
            } catch (TimeoutException e) {
                long now = System.nanoTime();
                if (progress() != last) {
                    last = progress();
                    since = now;
                }
                boolean still = now - since > STILL_MAX.toNanos();
                if (still || now - start > ROUND_MAX.toNanos()) {
                    throw new AssertionError("stuck: " + Waiting.stacks(), e);
                }
            }
        }
    }

    private long progress() {
        return said.size() + writers.arrived();
    }

    /// Only what has happened to a life may have ended it, and only so that another `run` helps; no
    /// more of them than things have gone wrong.
    private void judge(End end) {
        Throwable failure = end.failure();
        say("ended with " + failure);
        boolean may = false;
        if (failure instanceof LockstepException e) {
            may =
                    e.fault().retry() == Fault.Retry.BOUNDED
                            || e.fault() == Fault.INTERRUPTED
                            || e.fault() == Fault.OWNERSHIP_UNKNOWN
                            || e.fault() == Fault.NAME_IN_USE;
        }
        failures++;
        if (!may || !troubled || failures > lives.stream().mapToInt(List::size).sum()) {
            throw new AssertionError("a life ended with " + failure, failure);
        }
    }

    /// Compares both sides while nobody writes; nothing comes of it where `life` ends before.
    private boolean isEqual(Life life) {
        Side active = switches % 2 == 0 ? Side.SOURCE : Side.TARGET;
        return writers.still(() -> {
            List<String> tally = writers.tally();
            assertThat(Rows.tally(databases.of(active))).as("what is kept").isEqualTo(tally);
            Waiting.until(
                    "the standby has come up",
                    () ->
                            Rows.tally(databases.of(active.other())).equals(tally)
                                    || life.end().isDone(),
                    Waiting::stacks);
            if (!Rows.tally(databases.of(active.other())).equals(tally)) {
                return false;
            }
            assertThat(differences(active)).as("differences").isEmpty();
            say("equal");
            return true;
        });
    }

    private List<String> differences(Side active) {
        List<String> tables = new ArrayList<>(shapes.stream().map(Shape::name).toList());
        tables.add("tally");
        return Rows.differences(
                databases.of(active), databases.of(active.other()), List.copyOf(tables));
    }

    private void checkOver() {
        Side last = switches % 2 == 0 ? Side.SOURCE : Side.TARGET;
        assertThat(Rows.tally(databases.of(last))).as("kept").isEqualTo(writers.tally());
        Waiting.until(
                "no session of Lockstep's is left",
                () -> databases.sessions().isEmpty(),
                databases::sessions);
        assertThat(databases.leftOver()).as("left over").isEmpty();
    }

    @Override
    public Databases databases() {
        return databases;
    }

    @Override
    public Path plan(Path home, String source, String target) {
        try {
            Files.createDirectories(home);
            return Files.writeString(
                    home.resolve("plan.yaml"), PLAN.formatted(name, source, target, workers, rate));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public int switches() {
        return switches;
    }

    @Override
    public boolean mayEnd() {
        return mayEnd;
    }

    @Override
    public boolean isTroubled() {
        return troubled;
    }

    @Override
    public void troubled() {
        troubled = true;
    }

    @Override
    public void say(String text) {
        said.add("%6d ms %s".formatted((System.nanoTime() - start) / 1_000_000, text));
    }

    @Override
    public void breathe() {
        LockSupport.parkNanos(BREATH_NANOS);
    }
}
