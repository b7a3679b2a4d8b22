package dev.lockstep.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.recent.Changed;
import dev.lockstep.cdc.recent.Changed.OfTable;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.testing.Pair;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What a stream has changed is known to the next process too, as far back as somebody wants.
class KeptChangesTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final TableName ITEM = new TableName("public", "item");

    /// More than is held of one transaction.
    private static final int LARGE = 25_000;

    private final Pair pair = Pair.create();
    private final StreamFixture fixture = new StreamFixture(pair);

    @AfterEach
    void close() {
        pair.close();
    }

    private Lsn now() {
        return pair.source()
                .call(session -> Lsn.parse(session.one("SELECT pg_current_wal_insert_lsn()")));
    }

    private Replication again() {
        Replication stream = fixture.open();
        stream.startCapture();
        stream.startApply(stream.spec().routes());
        return stream;
    }

    private static List<List<String>> keys(Replication stream, Lsn since) {
        Changed changed = stream.recent().since(since).orElseThrow();
        return changed.tables().get(ITEM) instanceof OfTable.Rows rows ? rows.keys() : List.of();
    }

    private void write(Replication stream, String statement) throws InterruptedException {
        Pair.run(pair.source(), statement);
        stream.drain(SOON);
    }

    @Test
    void theLogKeepsThemForTheNextProcess() throws InterruptedException {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY, n int)");
        Lsn baseline;
        try (Replication stream = fixture.openStrict()) {
            assertThat(stream.begunAt()).isPresent();
            write(stream, "INSERT INTO item SELECT generate_series(1, 9)");
            baseline = now();
            stream.recent().keepSince(baseline);
            write(stream, "INSERT INTO item SELECT generate_series(%d, %d)".formatted(10, LARGE));
            write(stream, "UPDATE item SET id = -1 WHERE id = 1; DELETE FROM item WHERE id = 2");
            assertThat(keys(stream, baseline)).hasSize(LARGE - 9 + 3);
            awaitTrimming(stream);
        }
        try (Replication stream = again()) {
            stream.drain(SOON);
            assertThat(keys(stream, baseline))
                    .hasSize(LARGE - 9 + 3)
                    .contains(List.of("1"), List.of("-1"), List.of("2"), List.of("10"));
            write(stream, "INSERT INTO item VALUES (3000000)");
            assertThat(keys(stream, baseline)).hasSize(LARGE - 9 + 4);
            stream.recent().keepSince(now());
            assertThat(stream.recent().since(baseline)).isEmpty();
            fixture.assertEqualRows("item");
        }
    }

    @Test
    void nothingIsClaimedOfWhatTheLogHasForgotten() throws InterruptedException {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY, n int)");
        Lsn baseline;
        try (Replication stream = fixture.openStrict()) {
            baseline = now();
            write(stream, "INSERT INTO item SELECT generate_series(1, 9)");
            awaitTrimming(stream);
            assertThat(keys(stream, baseline)).hasSize(9);
        }
        try (Replication stream = again()) {
            stream.drain(SOON);
            assertThat(stream.recent().since(baseline)).isEmpty();
        }
    }

    /// The applier looks every five seconds.
    private static void awaitTrimming(Replication stream) throws InterruptedException {
        long until = System.nanoTime() + Duration.ofSeconds(8).toNanos();
        while (System.nanoTime() < until) {
            LockSupport.parkNanos(Duration.ofMillis(500).toNanos());
            stream.drain(SOON);
        }
    }
}
