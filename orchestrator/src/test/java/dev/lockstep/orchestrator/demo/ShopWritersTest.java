package dev.lockstep.orchestrator.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.testing.Pair;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ShopWritersTest {
    /// Every write ends in the ledger, so that refusing there refuses all.
    private static final String FENCE =
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'writes go elsewhere now' USING ERRCODE = '25006'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON ledger EXECUTE FUNCTION refuse()\
            """;

    private static final String UNFENCE = "DROP FUNCTION refuse() CASCADE";
    private static final ShopWriters.Load FAST = new ShopWriters.Load(4, 2_000, 7);

    private final Pair pair = Pair.create();
    private ShopSize size = ShopSize.of(ShopSize.ROWS_MIN);

    @BeforeEach
    void loadShop() {
        ShopSchema.create(pair.source());
        size = ShopSchema.load(pair.source(), 5_000, (_, _, _) -> {});
    }

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void everyKindOfWorkIsAcknowledgedAndNoneFails() {
        ShopWriters writers = start(pair.source().endpoint());
        until(() -> writers.record().totals().acknowledged() > 1_500);
        writers.close();

        assertThat(writers.record().failures()).isEmpty();
        assertThat(writers.record().totals().failed()).isZero();
        assertThat(writers.record().totals().unknown()).isZero();
        assertThat(Pair.rows(pair.source(), "SELECT DISTINCT work FROM ledger WHERE writer > 0"))
                .hasSize(14);
        assertThat(problems(writers)).isEmpty();
    }

    @Test
    void aFenceHoldsWritesUntilItIsLiftedAndThePauseIsSeen() {
        try (ShopWriters writers = start(pair.source().endpoint())) {
            until(() -> writers.record().totals().acknowledged() > 50);
            Pair.run(pair.source(), FENCE);
            Instant fenced = InstantSource.system().instant();
            until(() -> writers.longestPauseSince(fenced).toMillis() >= 300);
            Pair.run(pair.source(), UNFENCE);
            long before = writers.record().totals().acknowledged();
            until(() -> writers.record().totals().acknowledged() > before + 100);

            assertThat(writers.longestPauseSince(fenced))
                    .isBetween(Duration.ofMillis(300), Duration.ofSeconds(5));
            assertThat(writers.longestPauseSince(InstantSource.system().instant()))
                    .isLessThan(Duration.ofMillis(300));
            assertThat(writers.record().totals().refused()).isPositive();
            assertThat(writers.record().failures()).isEmpty();
        }
    }

    @Test
    void writersMoveToTheOtherDatabaseAndMakeTheRefusedWriteThere() {
        ShopSchema.create(pair.target());
        ShopSchema.load(pair.target(), 5_000, (_, _, _) -> {});
        AtomicReference<Endpoint> active = new AtomicReference<>(pair.source().endpoint());
        ShopWriters writers = ShopWriters.start(size, FAST, active::get, InstantSource.system());
        until(() -> writers.record().totals().acknowledged() > 100);
        Pair.run(pair.source(), FENCE);
        active.set(pair.target().endpoint());
        until(() -> !Pair.rows(pair.target(), "SELECT 1 FROM ledger WHERE writer > 0").isEmpty());
        writers.close();

        assertThat(writers.record().totals().failed()).isZero();
        String numbers = "SELECT writer, number FROM ledger WHERE writer > 0";
        List<String> there = Pair.rows(pair.target(), numbers);
        assertThat(Pair.rows(pair.source(), numbers)).doesNotContainAnyElementsOf(there);
        assertThat(writers.record().totals().acknowledged())
                .isEqualTo(there.size() + Pair.rows(pair.source(), numbers).size());
    }

    @Test
    void killedConnectionsAreOpenedAgainAndNothingAcknowledgedIsLost() {
        ShopWriters writers = start(pair.source().endpoint());
        for (int kill = 1; kill <= 5; kill++) {
            long goal = kill * 100L;
            until(() -> writers.record().totals().acknowledged() > goal);
            Pair.rows(
                    pair.source(),
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE application_name = 'shop' AND datname = current_database()\
                    """);
        }
        until(() -> writers.record().totals().acknowledged() > 700);
        writers.close();

        assertThat(writers.record().totals().retried() + writers.record().totals().unknown())
                .isPositive();
        assertThat(writers.record().failures()).isEmpty();
        assertThat(problems(writers)).isEmpty();
    }

    @Test
    void aWriteThatTheDatabaseRejectsIsCountedAsFailedAndNamed() {
        Pair.run(pair.source(), "ALTER TABLE ledger ADD CHECK (writer <> 2 OR number < 3)");
        try (ShopWriters writers = start(pair.source().endpoint())) {
            until(() -> writers.record().totals().failed() > 3);
            assertThat(writers.record().failures().getFirst()).contains("writer 2", "ledger");
        }
    }

    private List<Proof.Check> problems(ShopWriters writers) {
        return Proof.of(pair.source(), pair.source(), size, writers.record()).stream()
                .filter(check -> !check.passed())
                .toList();
    }

    private ShopWriters start(Endpoint endpoint) {
        return ShopWriters.start(size, FAST, () -> endpoint, InstantSource.system());
    }

    private static void until(BooleanSupplier condition) {
        CountDownLatch never = new CountDownLatch(1);
        for (int waits = 0; !condition.getAsBoolean(); waits++) {
            assertThat(waits).as("waited for 30 s").isLessThan(3_000);
            try {
                assertThat(never.await(10, TimeUnit.MILLISECONDS)).isFalse();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }
}
