package dev.lockstep.orchestrator.demo;

import dev.lockstep.orchestrator.demo.Proof.Check;
import java.io.PrintStream;
import java.util.List;
import java.util.function.Function;

/// The checks as a table for people.
public final class ProofTable {
    private static final int WIDTH_MAX = 40;

    private ProofTable() {}

    /// Prints one line per check, those that did not pass marked, and the count below.
    public static void print(PrintStream out, List<Check> checks) {
        int names = width("proved", checks, Check::name);
        int found = width("found", checks, Check::found);
        int expected = width("expected", checks, Check::expected);
        String format = "  %-4s  %-" + names + "s  %" + found + "s  %" + expected + "s%n";
        out.println();
        out.printf(format, "", "proved", "found", "expected");
        out.println("  " + "-".repeat(4 + 2 + names + 2 + found + 2 + expected));
        for (Check check : checks) {
            String mark = check.passed() ? "ok" : "FAIL";
            out.printf(
                    format,
                    mark,
                    check.name(),
                    shown(check.found(), check.passed()),
                    shown(check.expected(), check.passed()));
        }
        long passed = checks.stream().filter(Check::passed).count();
        out.printf("%n  %d of %d checks passed%n", passed, checks.size());
        out.flush();
    }

    private static int width(String title, List<Check> checks, Function<Check, String> column) {
        return checks.stream()
                .mapToInt(check -> shown(column.apply(check), check.passed()).length())
                .reduce(title.length(), Math::max);
    }

    /// What is wrong is shown in full, however long it is.
    private static String shown(String text, boolean passed) {
        boolean whole = !passed || text.length() <= WIDTH_MAX;
        return whole ? text : text.substring(0, WIDTH_MAX - 3) + "...";
    }
}
