package dev.lockstep.orchestrator.run;

import java.util.Locale;

/// One of the two databases of a run. What they are called never changes; which is active does.
public enum Side {
    SOURCE,
    TARGET;

    public Side other() {
        return this == SOURCE ? TARGET : SOURCE;
    }

    /// As plans and status spell it.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
