package dev.lockstep.orchestrator.demo;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// The times in which no write at all was acknowledged: a switch as the applications see it. May be
/// shared.
final class Gaps {
    private static final int KEPT_MAX = 2_000;

    private record Gap(Instant from, Instant until) {
        Duration length() {
            return Duration.between(from, until);
        }
    }

    private final List<Gap> kept = new ArrayList<>();
    private Duration shortest = Duration.ofMillis(2);
    private Instant last;

    Gaps(Instant start) {
        this.last = start;
    }

    /// Notes that a write was acknowledged.
    synchronized void written(Instant at) {
        if (!at.isAfter(last)) {
            return;
        }
        Gap gap = new Gap(last, at);
        last = at;
        if (gap.length().compareTo(shortest) >= 0) {
            kept.add(gap);
        }
        while (kept.size() > KEPT_MAX) {
            shortest = shortest.multipliedBy(2);
            kept.removeIf(old -> old.length().compareTo(shortest) < 0);
        }
    }

    /// The longest gap that ended after `from`, or that has not ended at `now`. Short ones may have
    /// been forgotten.
    synchronized Duration longest(Instant from, Instant now) {
        Duration open = Duration.between(last, now);
        return kept.stream()
                .filter(gap -> gap.until().isAfter(from))
                .map(Gap::length)
                .reduce(open.isNegative() ? Duration.ZERO : open, Gaps::longer);
    }

    private static Duration longer(Duration a, Duration b) {
        return a.compareTo(b) >= 0 ? a : b;
    }
}
