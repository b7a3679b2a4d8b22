package dev.lockstep.plans.fault;

import java.util.Locale;

/// How many of something there are, as a person is told it.
public final class Amount {
    private Amount() {}

    /// `1 row`, `1,241 rows`.
    ///
    /// @param one what a single one is called; more of it have an "s" at the end
    public static String of(long count, String one) {
        return String.format(Locale.ROOT, "%,d %s%s", count, one, count == 1 ? "" : "s");
    }
}
