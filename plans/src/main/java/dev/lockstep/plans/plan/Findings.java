package dev.lockstep.plans.plan;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.Problems;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// What is wrong with one plan file, each with its line; told in the order of the file, whatever
/// order it was found in.
final class Findings {
    private record Finding(int line, String text) {}

    private final Path file;
    private final List<Finding> found = new ArrayList<>();

    Findings(Path file) {
        this.file = file;
    }

    /// Adds `text`: what was found and what is expected. It must not hold a secret.
    void add(int line, String text) {
        found.add(new Finding(line, text));
    }

    /// Adds what makes everything else that was found beside the point.
    void addAlone(int line, String text) {
        found.clear();
        add(line, text);
    }

    void throwIfAny() {
        Problems problems = new Problems();
        found.stream()
                .sorted(Comparator.comparingInt(Finding::line))
                .forEach(f -> problems.add(file + ":" + f.line() + ": " + f.text()));
        String count = found.size() == 1 ? "1 problem" : found.size() + " problems";
        problems.throwIfAny(
                Fault.PLAN_INVALID, "the plan %s cannot be used: %s".formatted(file, count));
    }
}
