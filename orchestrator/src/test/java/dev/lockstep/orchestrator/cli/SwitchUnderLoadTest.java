package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.SqlStates;
import dev.lockstep.plans.work.TaskGroup;
import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What was changed lately is the same on both sides while writers go on, at each of many switches.
class SwitchUnderLoadTest {
    private static final String SHOP =
            """
            CREATE TABLE account (id int PRIMARY KEY, balance numeric NOT NULL, note text);
            CREATE TABLE entry (writer int, n int, account int, amount int,
                                PRIMARY KEY (writer, n));
            CREATE TABLE tick (n int);
            ALTER TABLE tick REPLICA IDENTITY FULL;
            """;
    private static final String FILL =
            "INSERT INTO account SELECT i, 0, repeat('n', 3000) FROM generate_series(1, 500) i";
    private static final List<String> SUMS =
            List.of(
                    "SELECT count(*), sum(id * balance) FROM account",
                    "SELECT count(*), sum(amount) FROM entry",
                    "SELECT count(*), sum(n) FROM tick");
    private static final int SWITCHES = 4;

    private final Pair pair = Pair.create();
    private final AtomicBoolean enough = new AtomicBoolean();
    private final AtomicInteger committed = new AtomicInteger();
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void noFalseAlarmAtManySwitchesThereAndBack() {
        pair.onBoth(SHOP);
        Pair.run(pair.source(), FILL);
        Move move = Move.of(folder, pair);
        try (LiveRun run = LiveRun.inStep(move);
                TaskGroup load = TaskGroup.named("load")) {
            for (int i = 0; i < 3; i++) {
                int writer = i;
                load.fork("writer-" + i, () -> write(writer));
            }
            for (int i = 0; i < SWITCHES; i++) {
                int before = committed.get();
                LiveRun.await("writes", () -> committed.get() > before + 100);
                move.told(i % 2 == 0 ? "cutover" : "rollback").done();
            }
            assertThat(move.told("journal").done().lines().filter(l -> l.contains("Verified")))
                    .as("all but the first were narrowed")
                    .hasSize(1);
            enough.set(true);
            load.joinOrThrow();
            assertThat(move.told("validate").done()).contains("no difference");
            assertThat(run).isNotNull();
        }
        SUMS.forEach(sum ->
                assertThat(Pair.rows(pair.target(), sum)).isEqualTo(Pair.rows(pair.source(), sum)));
    }

    /// Goes to the other side when it is refused.
    private void write(int writer) {
        Db at = pair.source();
        for (int n = 0; !enough.get(); ) {
            try (Session session = at.session("writer")) {
                while (!enough.get()) {
                    transaction(session, writer, n);
                    n++;
                    committed.incrementAndGet();
                }
            } catch (LockstepException e) {
                assertThat(SqlStates.of(e)).contains("25006");
                at = at.equals(pair.source()) ? pair.target() : pair.source();
            }
        }
    }

    private static void transaction(Session session, int writer, int n) {
        int amount = ThreadLocalRandom.current().nextInt(-50, 50);
        int account = writer * 150 + ThreadLocalRandom.current().nextInt(1, 150);
        session.run(
                """
                BEGIN;
                UPDATE public.account SET balance = balance + %2$d WHERE id = %1$d;
                INSERT INTO public.entry VALUES (%3$d, %4$d, %1$d, %2$d);
                DELETE FROM public.entry WHERE writer = %3$d AND n = %4$d - 50;
                INSERT INTO public.tick VALUES (%2$d);
                COMMIT\
                """
                        .formatted(account, amount, writer, n));
    }
}
