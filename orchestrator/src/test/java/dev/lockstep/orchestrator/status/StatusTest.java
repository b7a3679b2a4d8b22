package dev.lockstep.orchestrator.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StatusTest {
    private static final String AT = "2026-01-01T00:00:07.123456789Z";

    private static String text(@Nullable Double pause, Status.Changes changes, boolean counted) {
        return status(pause, changes, counted, Optional.empty()).text(Instant.EPOCH);
    }

    private static Status status(
            @Nullable Double pause,
            Status.Changes changes,
            boolean counted,
            Optional<String> worker) {
        return new Status(
                "move",
                "in-step",
                false,
                "target",
                null,
                null,
                List.of(),
                changes,
                1,
                null,
                new Status.LastSwitch("source", "target", pause, AT),
                List.of(new Alarm(AT, "touched", false), new Alarm(AT, "seen", true)),
                0,
                counted,
                worker,
                Optional.empty(),
                Optional.empty());
    }

    @Test
    void aPauseThatNobodyHasMeasuredIsNotKnown() {
        assertThat(text(null, new Status.Changes(0, 0), false))
                .contains("source to target, write pause not known, 2026-01-01T00:00:07Z")
                .doesNotContain("null");
    }

    @Test
    void momentsAndPausesAreRounded() {
        assertThat(text(243.64297, new Status.Changes(0, 0), false).lines())
                .contains(
                        "switched      source to target, write pause 243.6 ms,"
                                + " 2026-01-01T00:00:07Z",
                        "ALARM         touched, 2026-01-01T00:00:07Z",
                        "ALARM         seen, 2026-01-01T00:00:07Z; verified clean since",
                        "retained WAL  1 byte");
    }

    @Test
    void whatWasNotedLastIsToldWhereNobodyCarriesChanges() {
        assertThat(text(1.0, new Status.Changes(1_200, 1_100), true).lines())
                .contains(
                        "changes       1,200 captured, 1,100 applied since the last switch, no"
                                + " process carries changes now, 1 byte of WAL retained");
    }

    @Test
    void aProcessThatCarriesNothingYetIsStarting() {
        Status status =
                status(1.0, new Status.Changes(5, 5), true, Optional.of("process 1 on here"));
        assertThat(status.text(Instant.EPOCH))
                .contains("the process is starting to carry changes")
                .doesNotContain("no process carries");
    }
}
