package dev.lockstep.cdc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.testing.Pair;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DrainTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    /// How many connections a handle on a database shares.
    private static final int POOLED = 4;

    private final Pair pair = Pair.create();

    @AfterEach
    void close() {
        pair.close();
    }

    /// A marker that cannot even be written, as where a commit waits for a replica that is away.
    @Test
    void aDrainEndsInTimeWhateverTheActiveIsAt() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        StreamFixture fixture = new StreamFixture(pair);
        CompletableFuture<Boolean> enough = new CompletableFuture<>();
        CountDownLatch taken = new CountDownLatch(POOLED);
        try (Replication stream = fixture.openStrict();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < POOLED; i++) {
                threads.execute(() ->
                        pair.source()
                                .tx(_ -> {
                                    taken.countDown();
                                    enough.join();
                                }));
            }
            try {
                taken.await();
                assertThatThrownBy(() -> stream.drain(Duration.ofMillis(500)))
                        .isInstanceOfSatisfying(
                                LockstepException.class,
                                e -> assertThat(e.fault()).isEqualTo(Fault.LOCK_TIMEOUT));
            } finally {
                enough.complete(true);
            }
            stream.drain(SOON);
        }
    }
}
