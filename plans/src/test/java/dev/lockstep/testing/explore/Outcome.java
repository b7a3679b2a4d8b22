package dev.lockstep.testing.explore;

import java.util.List;
import java.util.Optional;

/// What an exploration found.
///
/// @param states how many different states were reached
/// @param steps how many steps lead from one to the next
public record Outcome(int states, int steps, Optional<Violation> violation) {
    /// The shortest way to a state that must not be.
    ///
    /// @param invariant what does not hold there
    /// @param trace the steps from the start on, then the state
    public record Violation(String invariant, List<String> trace) {
        public Violation {
            trace = List.copyOf(trace);
        }

        @Override
        public String toString() {
            return "\"%s\" does not hold after%n  %s"
                    .formatted(invariant, String.join(System.lineSeparator() + "  ", trace));
        }
    }
}
