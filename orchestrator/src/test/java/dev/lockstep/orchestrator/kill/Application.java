package dev.lockstep.orchestrator.kill;

import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.SqlStates;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Writes all the time, to the side that lets it, and remembers what every table must hold: what
/// was acknowledged and nothing else.
final class Application implements AutoCloseable {
    private static final long PAUSE_MILLIS = 4;
    private static final List<String> AGAIN =
            List.of("40001", "40P01", SqlStates.LOCK_NOT_AVAILABLE);

    private final Map<Side, Session> sessions = new EnumMap<>(Side.class);
    private final Map<String, NavigableMap<Long, String>> expected;
    private final Random random = new Random(42);
    private final ScheduledExecutorService writer = Executors.newSingleThreadScheduledExecutor();
    private Side side = Side.SOURCE;
    private long number;
    private boolean watches;
    private final AtomicLong acknowledged = new AtomicLong();
    private volatile @Nullable Throwable failure;

    private record Row(String table, long key, Optional<String> text) {}

    private Application(Databases databases) {
        for (Side each : Side.values()) {
            Session session = databases.of(each).session("application");
            session.run(
                    "SET search_path = public; SET statement_timeout = '60s'; "
                            + "SET lock_timeout = '30s'");
            sessions.put(each, session);
        }
        this.expected = new HashMap<>(Tables.contents(databases.of(Side.SOURCE)));
    }

    static Application start(Databases databases) {
        Application application = new Application(databases);
        var _ =
                application.writer.scheduleWithFixedDelay(
                        application::write, PAUSE_MILLIS, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        return application;
    }

    private synchronized void write() {
        try {
            attempt();
            if (isLookingNow()) {
                checkMoney();
            }
        } catch (LockstepException e) {
            session().rollback();
            String state = SqlStates.of(e).orElse("");
            if (state.equals(SqlStates.READ_ONLY)) {
                side = side.other();
            } else if (!AGAIN.contains(state)) {
                failure = e;
                throw e;
            }
        } catch (RuntimeException | AssertionError e) {
            failure = e;
            throw e;
        }
    }

    private Session session() {
        return java.util.Objects.requireNonNull(sessions.get(side));
    }

    private void attempt() {
        number++;
        Session session = session();
        session.begin();
        List<Row> rows = work(session);
        if (isLookingNow()) {
            checkAlone();
        }
        session.commit();
        for (Row row : rows) {
            NavigableMap<Long, String> table = table(row.table());
            row.text()
                    .ifPresentOrElse(
                            text -> table.put(row.key(), text), () -> table.remove(row.key()));
        }
        acknowledged.incrementAndGet();
    }

    private NavigableMap<Long, String> table(String name) {
        return java.util.Objects.requireNonNull(expected.get(name));
    }

    private List<Row> work(Session session) {
        return switch (random.nextInt(10)) {
            case 0 -> insertItem(session, "new item " + number);
            case 1 -> update(session, "item", "stock = stock + 1");
            case 2 -> update(session, "item", "body = repeat(md5(name || stock), 90)");
            case 3 -> changeKey(session);
            case 4 -> replaceItem(session);
            case 5, 6 -> transfer(session);
            case 7 ->
                    put(
                            session,
                            "event",
                            "INSERT INTO event (day, what) VALUES (?, ?)",
                            random.nextInt(10),
                            "new event " + number);
            case 8 -> update(session, "event", "day = 9 - day");
            default ->
                    random.nextBoolean()
                            ? put(session, "tick", "INSERT INTO tick VALUES (?, 'new')", tick())
                            : update(session, "tick", "what = what || '.'");
        };
    }

    private long tick() {
        return table("tick").lastKey() + 1;
    }

    private List<Row> insertItem(Session session, String name) {
        String body = random.nextInt(4) == 0 ? "body ".repeat(700) : "short";
        return put(
                session,
                "item",
                "INSERT INTO item (name, stock, body) VALUES (?, ?, ?)",
                name,
                random.nextInt(100),
                body);
    }

    private List<Row> update(Session session, String table, String change) {
        String key = table.equals("tick") ? "n" : "id";
        return put(
                session,
                table,
                "UPDATE %s SET %s WHERE %s = ?".formatted(table, change, key),
                anyKey(table));
    }

    private List<Row> changeKey(Session session) {
        long old = anyKey("item");
        List<Row> rows = new ArrayList<>(remove("item", old));
        rows.addAll(
                put(session, "item", "UPDATE item SET id = id + 1000000000000 WHERE id = ?", old));
        return rows;
    }

    /// Another row takes over a unique name.
    private List<Row> replaceItem(Session session) {
        long old = anyKey("item");
        List<Row> rows = new ArrayList<>(remove("item", old));
        String name =
                session.row(
                                "DELETE FROM item WHERE id = ? RETURNING name",
                                r -> r.text("name"),
                                old)
                        .orElseThrow();
        rows.addAll(insertItem(session, name));
        return rows;
    }

    private List<Row> transfer(Session session) {
        long from = 1 + random.nextLong(20);
        long to = 1 + from % 20;
        List<Row> rows = new ArrayList<>();
        rows.addAll(pay(session, from, -7));
        rows.addAll(pay(session, to, 7));
        return rows;
    }

    private List<Row> pay(Session session, long account, long amount) {
        return put(
                session,
                "account",
                "UPDATE account SET balance = balance + ? WHERE id = ?",
                amount,
                account);
    }

    private long anyKey(String table) {
        NavigableMap<Long, String> rows = table(table);
        Long above = rows.ceilingKey(rows.firstKey() + random.nextLong(6000));
        return above == null ? rows.lastKey() : above;
    }

    private static List<Row> remove(String table, long key) {
        return List.of(new Row(table, key, Optional.empty()));
    }

    private static List<Row> put(
            Session session, String table, String statement, Object... parameters) {
        return session.rows(
                statement + " RETURNING " + Tables.row(table),
                row -> new Row(table, row.number("key"), Optional.of(row.text("text"))),
                parameters);
    }

    private boolean isLookingNow() {
        return watches && number % 16 == 0;
    }

    /// Nobody can fence this side before what it has just accepted is committed. If the other one
    /// accepts something meanwhile, both do.
    private void checkAlone() {
        try {
            java.util.Objects.requireNonNull(sessions.get(side.other()))
                    .run("DELETE FROM place WHERE false");
        } catch (LockstepException e) {
            String state = SqlStates.of(e).orElse("");
            if (state.equals(SqlStates.READ_ONLY) || AGAIN.contains(state)) {
                return;
            }
            throw e;
        }
        throw new AssertionError("both sides accept writes");
    }

    /// Whoever looks at either side at any time finds all the money: no transaction is seen half.
    private void checkMoney() {
        sessions.forEach((where, session) -> {
            long found = session.number("SELECT sum(balance) FROM account");
            if (found != Tables.MONEY) {
                throw new AssertionError("the %s has %d in all".formatted(where.label(), found));
            }
        });
    }

    /// Has it look, beside its work, whether both sides ever accept writes, or show half of a
    /// transaction. That is so for a while before both have all rows, and after the run.
    synchronized void watch(boolean now) {
        watches = now;
    }

    /// How many writes were acknowledged so far.
    long acknowledged() {
        Throwable failed = failure;
        if (failed != null) {
            throw new AssertionError("the application failed", failed);
        }
        return acknowledged.get();
    }

    void awaitWrites(int more, String why) {
        long goal = acknowledged() + more;
        Waiting.until(
                why, () -> acknowledged() >= goal, () -> acknowledged() + " writes acknowledged");
    }

    /// Keeps it from writing while `look` looks at what must be there.
    synchronized void still(Still look) {
        acknowledged();
        look.at(expected, side);
    }

    /// Looks at tables that stand still.
    interface Still {
        void at(Map<String, NavigableMap<Long, String>> expected, Side active);
    }

    @Override
    public void close() {
        writer.shutdownNow();
        synchronized (this) {
            sessions.values().forEach(Session::close);
        }
    }
}
