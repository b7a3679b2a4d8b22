package dev.lockstep.orchestrator.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class GapsTest {
    private final Instant start = Instant.parse("2026-01-01T00:00:00Z");
    private final Gaps gaps = new Gaps(start);

    @Test
    void theLongestGapIsTheOneThatEndedAfterTheAskedTimeOrStillGoesOn() {
        for (int millis : new int[] {10, 20, 320, 330, 380}) {
            gaps.written(start.plusMillis(millis));
        }

        assertThat(longest(100, 385)).isEqualTo(Duration.ofMillis(300));
        assertThat(longest(320, 385)).isEqualTo(Duration.ofMillis(50));
        assertThat(longest(320, 500)).isEqualTo(Duration.ofMillis(120));
    }

    @Test
    void aLongGapIsRememberedHoweverManyShortOnesFollow() {
        gaps.written(start.plusMillis(500));
        for (int i = 1; i <= 50_000; i++) {
            gaps.written(start.plusMillis(500 + i * 3L));
        }

        assertThat(longest(0, 150_500)).isEqualTo(Duration.ofMillis(500));
        assertThat(longest(600, 150_500)).isLessThan(Duration.ofMillis(5));
    }

    private Duration longest(long from, long now) {
        return gaps.longest(start.plusMillis(from), start.plusMillis(now));
    }
}
