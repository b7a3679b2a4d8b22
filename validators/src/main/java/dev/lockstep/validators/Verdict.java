package dev.lockstep.validators;

import java.time.Duration;
import java.util.List;

/// What a validator found.
public sealed interface Verdict {
    /// How many tables were compared.
    long tables();

    /// How many rows of the active database were compared.
    long rows();

    Duration took();

    /// Both sides hold the same.
    record Match(long tables, long rows, Duration took) implements Verdict {}

    /// They do not.
    ///
    /// @param differences how many rows differ, or tables where only rows were counted
    /// @param shown the first of them
    record Mismatch(long tables, long rows, long differences, List<Difference> shown, Duration took)
            implements Verdict {
        public Mismatch {
            shown = List.copyOf(shown);
        }
    }
}
