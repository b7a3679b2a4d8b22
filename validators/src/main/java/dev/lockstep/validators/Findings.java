package dev.lockstep.validators;

import dev.lockstep.plans.catalog.TableName;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What all workers have found so far. All of it is counted, the first of it is kept.
public final class Findings {
    /// Of how many differences a person is shown the values: of those that are found first.
    public static final int DETAILED_MAX = 20;

    private static final Comparator<Difference> ORDER =
            Comparator.comparing(Difference::table)
                    .thenComparing(Difference::kind)
                    .thenComparing(difference -> difference.key().toString());

    private final int shownMax;
    private final List<Difference> shown = new ArrayList<>();
    private final Map<TableName, Long> differences = new TreeMap<>();
    private final Map<TableName, TableTotals> totals = new TreeMap<>();
    private long rows;

    public Findings(int shownMax) {
        this.shownMax = shownMax;
    }

    /// Some rows of a table have been compared.
    public synchronized void addRows(TableTotals part) {
        rows += part.active().rows();
        totals.merge(part.table(), part, TableTotals::plus);
    }

    public synchronized void addDifferences(
            TableName table, long count, List<Difference> examples) {
        if (count > 0) {
            differences.merge(table, count, Long::sum);
        }
        shown.addAll(examples.subList(0, Math.min(examples.size(), room())));
    }

    /// How many more differences will be shown.
    public synchronized int room() {
        return shownMax - shown.size();
    }

    /// How many more will be shown with their values.
    public synchronized int detailedRoom() {
        return Math.max(0, Math.min(shownMax, DETAILED_MAX) - shown.size());
    }

    /// How many are kept so far.
    public synchronized int kept() {
        return shown.size();
    }

    public synchronized Verdict verdict(int tables) {
        if (differences.isEmpty()) {
            return new Verdict.Match(tables, rows, allTotals());
        }
        int detailed = Math.min(shown.size(), DETAILED_MAX);
        shown.subList(0, detailed).sort(ORDER);
        shown.subList(detailed, shown.size()).sort(ORDER);
        return new Verdict.Mismatch(tables, rows, allTotals(), differences, shown);
    }

    private List<TableTotals> allTotals() {
        return List.copyOf(totals.values());
    }
}
