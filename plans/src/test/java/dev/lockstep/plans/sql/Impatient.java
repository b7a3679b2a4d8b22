package dev.lockstep.plans.sql;

import java.time.Duration;

/// Handles that find a stalled connection within a second, for tests that stall many.
public final class Impatient {
    private static final StallWatch.Patience SHORT =
            new StallWatch.Patience(Duration.ofMillis(600), Duration.ofMillis(200));

    private Impatient() {}

    public static Db of(Endpoint endpoint, String applicationName) {
        return Db.of(endpoint, applicationName, SHORT);
    }
}
