package dev.lockstep.plans.fault;

import java.util.ArrayList;
import java.util.List;

/// Collects everything that is wrong, so that a person sees every mistake in one go.
public final class Problems {
    private final List<String> found = new ArrayList<>();

    /// Adds one problem: a sentence or two that stand alone.
    public void add(String problem) {
        found.add(problem);
    }

    public boolean isEmpty() {
        return found.isEmpty();
    }

    public List<String> all() {
        return List.copyOf(found);
    }

    /// Throws `fault` with all problems, one a line below `heading`, if there are any.
    public void throwIfAny(Fault fault, String heading) {
        if (!found.isEmpty()) {
            throw new LockstepException(fault, heading + "\n  - " + String.join("\n  - ", found));
        }
    }
}
