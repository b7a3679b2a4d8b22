package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.SqlStates;
import dev.lockstep.testing.Pair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Inserts rows whose keys come from sequences, and remembers every number that was given.
final class Numbers implements AutoCloseable {
    private static final int CONNECTIONS = 16;
    private static final int INSERTS = 1000;
    private static final int LIVE = 4;
    private static final long PAUSE = Duration.ofMillis(3).toNanos();
    private static final List<String> TABLES =
            List.of(
                    "always",
                    "cached",
                    "left_one",
                    "right_one",
                    "descending",
                    "fast",
                    "turning",
                    "parted",
                    "ending",
                    "named");

    /// All rows of each table.
    static final List<String> ALL = TABLES.stream().map(Numbers::rows).toList();

    private final Pair pair;
    private final Map<String, NavigableSet<Long>> given = new ConcurrentHashMap<>();
    private final Map<String, NavigableSet<Long>> before = new ConcurrentHashMap<>();
    private final AtomicBoolean enough = new AtomicBoolean();
    private final List<Thread> writers = new ArrayList<>();
    private volatile @Nullable Throwable failure;

    Numbers(Pair pair) {
        this.pair = pair;
    }

    private static String rows(String table) {
        return "SELECT * FROM %s ORDER BY 1".formatted(table);
    }

    /// Both tables of a shared sequence are as one.
    private static String family(String table) {
        return table.endsWith("_one") ? "shared" : table;
    }

    private void insert(Session session, String table, boolean renamed) {
        String sql =
                switch (table) {
                    case "turning" -> "INSERT INTO turning DEFAULT VALUES RETURNING id";
                    case "named" ->
                            renamed
                                    ? "INSERT INTO shop.renamed (who) VALUES (1) RETURNING number"
                                    : "INSERT INTO named (who) VALUES (1) RETURNING id";
                    default -> "INSERT INTO %s (who) VALUES (1) RETURNING id".formatted(table);
                };
        long number = session.number(sql);
        boolean isNew =
                given.computeIfAbsent(family(table), _ -> new ConcurrentSkipListSet<>())
                        .add(number);
        assertThat(isNew).as("%d of %s was given twice", number, table).isTrue();
    }

    private Session open(Db db) {
        Session session = db.session("application");
        session.run("SET search_path = public");
        return session;
    }

    /// Has some connections write on, to the side that lets them; they live through all switches,
    /// so that they have numbers kept from before.
    void keepWriting() {
        for (int i = 0; i < LIVE; i++) {
            writers.add(Thread.ofVirtual().start(() -> attempt(this::writeOn)));
        }
    }

    private void writeOn() {
        try (Session onSource = open(pair.source());
                Session onTarget = open(pair.target())) {
            boolean there = false;
            for (int n = 0; !enough.get(); n++) {
                try {
                    // The small one has not many.
                    String table = TABLES.get(n % (n % 20 == 0 ? TABLES.size() : 8));
                    insert(there ? onTarget : onSource, table, there);
                } catch (LockstepException e) {
                    assertThat(SqlStates.of(e)).as("%s", e.text()).contains(SqlStates.READ_ONLY);
                    there = !there;
                }
                LockSupport.parkNanos(PAUSE);
            }
        }
    }

    private void attempt(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | AssertionError e) {
            failure = e;
        }
    }

    /// Takes down what was given up to now.
    void remember() {
        given.forEach(
                (family, numbers) -> before.put(family, new ConcurrentSkipListSet<>(numbers)));
    }

    /// Inserts so many over connections of its own, each of them new.
    void insertThousand(Db db) {
        Numbers batch = new Numbers(pair);
        AtomicInteger left = new AtomicInteger(INSERTS);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            threads.add(
                    Thread.ofVirtual().start(() -> batch.attempt(() -> batch.insert(db, left))));
        }
        threads.forEach(Numbers::await);
        assertThat(batch.failure).isNull();
        assertThat(failure).isNull();
        assertThat(batch.given.values().stream().mapToInt(NavigableSet::size).sum())
                .isEqualTo(INSERTS);
        batch.given.forEach((family, numbers) -> {
            checkBeyond(family, numbers);
            NavigableSet<Long> all =
                    given.computeIfAbsent(family, _ -> new ConcurrentSkipListSet<>());
            assertThat(numbers).as(family).noneMatch(all::contains);
            all.addAll(numbers);
        });
    }

    private void checkBeyond(String family, NavigableSet<Long> numbers) {
        NavigableSet<Long> earlier = before.getOrDefault(family, new ConcurrentSkipListSet<>());
        if (earlier.isEmpty()) {
            return;
        }
        if (family.equals("descending")) {
            assertThat(numbers.last()).as(family).isLessThan(earlier.first());
        } else {
            assertThat(numbers.first()).as(family).isGreaterThan(earlier.last());
        }
    }

    private void insert(Db db, AtomicInteger left) {
        try (Session session = open(db)) {
            for (int n = left.decrementAndGet(); n >= 0; n = left.decrementAndGet()) {
                insert(session, TABLES.get(n % TABLES.size()), db == pair.target());
            }
        }
    }

    private static void await(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    void stopWriting() {
        enough.set(true);
        writers.forEach(Numbers::await);
        assertThat(failure).isNull();
    }

    @Override
    public void close() {
        enough.set(true);
        writers.forEach(Numbers::await);
    }
}
