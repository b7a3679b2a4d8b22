package dev.lockstep.cdc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.testing.Pair;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MarkersTest {
    private final Pair pair = Pair.create();

    @AfterEach
    void close() {
        pair.close();
    }

    private Markers markers(long epoch) {
        return new Markers(
                new Replication.Spec(
                        "run",
                        0,
                        epoch,
                        pair.source(),
                        pair.target(),
                        List.of(),
                        KafkaAccess.to(Map.of())));
    }

    @Test
    void whoComesAfterTheFailureOfTheStreamDoesNotWait() {
        try (Markers markers = markers(1)) {
            markers.fail(new LockstepException(Fault.LOG_FAILED, "the log is gone"));
            assertThatThrownBy(() -> markers.await(Duration.ofSeconds(10), Markers.Commit.LOCAL))
                    .hasMessageContaining("the log is gone");
        }
    }

    @Test
    void aMarkerOfAnEarlierOwnerSaysNothingAboutTheLag() {
        try (Markers markers = markers(2)) {
            long number = markers.emit();
            markers.arrived("run/0/" + Long.MAX_VALUE);
            markers.arrived("run/0/1/" + Long.MAX_VALUE);
            assertThat(markers.lag()).isPositive();
            markers.arrived("run/0/2/" + number);
            assertThat(markers.lag()).isZero();
        }
    }
}
