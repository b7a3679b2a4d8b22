package dev.lockstep.orchestrator.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StatusTest {
    @Test
    void aPauseThatNobodyHasMeasuredIsNotKnown() {
        Status.LastSwitch last =
                new Status.LastSwitch("source", "target", null, "2026-01-01T00:00:00Z");
        Status status =
                new Status(
                        "move",
                        "in-step",
                        false,
                        "target",
                        null,
                        null,
                        List.of(),
                        new Status.Changes(0, 0),
                        0,
                        null,
                        last,
                        List.of(),
                        0,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty());
        assertThat(status.text(Instant.EPOCH))
                .contains("source to target, write pause not known, 2026-01-01T00:00:00Z")
                .doesNotContain("null");
    }
}
