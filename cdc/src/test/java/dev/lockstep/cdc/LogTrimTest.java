package dev.lockstep.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.Pair;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What the standby has is kept no longer.
class LogTrimTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    private final Pair pair = Pair.create();

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void theLogFollowsTheStandby() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY, text text)");
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.openStrict();
                Admin admin = Admin.create(Map.copyOf(StreamFixture.kafka().client()))) {
            Pair.run(
                    pair.source(),
                    "INSERT INTO item SELECT i, repeat('x', 9000) FROM generate_series(1, 900) i");
            stream.drain(SOON);
            long end = offset(admin, fixture, OffsetSpec.latest());
            assertThat(end).isPositive();
            long deadline = System.nanoTime() + SOON.toNanos();
            for (int n = 1000; offset(admin, fixture, OffsetSpec.earliest()) < end - 1; n++) {
                assertThat(System.nanoTime()).as("trimmed up to " + end).isLessThan(deadline);
                Pair.run(pair.source(), "INSERT INTO item VALUES (%d)".formatted(n));
                stream.drain(SOON);
            }
            fixture.assertEqualRows("item");
        }
    }

    private static long offset(Admin admin, StreamFixture fixture, OffsetSpec which)
            throws Exception {
        TopicPartition log = new TopicPartition("lockstep." + fixture.run() + ".0", 0);
        return admin.listOffsets(Map.of(log, which))
                .partitionResult(log)
                .get(30, TimeUnit.SECONDS)
                .offset();
    }
}
