package dev.lockstep.plans.plan;

import dev.lockstep.plans.fault.Amount;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.Problems;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// What is wrong with one plan file, each with its line; told in the order of the file, whatever
/// order it was found in. What is wrong in the same words on several lines is one problem.
final class Findings {
    /// Stands before every line: the file as a whole is meant.
    private static final int NO_LINE = 0;

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

    /// Adds what is wrong with the file as a whole.
    void addOfFile(String text) {
        add(NO_LINE, text);
    }

    /// Adds what makes everything else that was found beside the point.
    void addAlone(int line, String text) {
        found.clear();
        add(line, text);
    }

    void throwIfAny() {
        Map<String, SortedSet<Integer>> lines = new LinkedHashMap<>();
        found.stream()
                .sorted(Comparator.comparingInt(Finding::line))
                .forEach(f -> lines.computeIfAbsent(f.text(), _ -> new TreeSet<>()).add(f.line()));
        Problems problems = new Problems();
        lines.forEach((text, at) -> problems.add(file + told(text, at)));
        problems.throwIfAny(
                Fault.PLAN_INVALID,
                "the plan %s cannot be used: %s"
                        .formatted(file, Amount.of(lines.size(), "problem")));
    }

    private static String told(String text, SortedSet<Integer> lines) {
        int first = lines.first();
        String others =
                lines.tailSet(first + 1).stream()
                        .map(line -> "line " + line)
                        .collect(Collectors.joining(", "));
        return "%s: %s%s"
                .formatted(
                        first == NO_LINE ? "" : ":" + first,
                        text,
                        others.isEmpty() ? "" : "; the same on " + others);
    }
}
