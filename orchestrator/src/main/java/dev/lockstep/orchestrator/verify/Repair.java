package dev.lockstep.orchestrator.verify;

import dev.lockstep.cdc.apply.Recopy.Wanted;
import dev.lockstep.orchestrator.run.RunEvent.Repaired;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Amount;
import dev.lockstep.validators.Difference;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// What has to be copied again for the standby to be as the active.
public final class Repair {
    /// How many rows are copied again by name, at most; where more differ it is quicker to copy
    /// their tables.
    public static final int ROWS_MAX = 10_000;

    private Repair() {}

    /// The rows that differ; the whole of a table in which not each of them has a name: it has no
    /// key, or too many differ.
    public static List<Wanted> of(Verification.Result found) {
        Map<TableName, List<Difference>> named =
                found.named().stream()
                        .filter(difference -> !difference.exact().isEmpty())
                        .collect(Collectors.groupingBy(Difference::table));
        List<Wanted> wanted = new ArrayList<>();
        new TreeMap<>(found.byTable())
                .forEach((table, count) -> {
                    List<Difference> rows = named.getOrDefault(table, List.of());
                    wanted.add(rows.size() == count ? rows(table, rows) : whole(table));
                });
        return wanted;
    }

    private static Wanted rows(TableName table, List<Difference> differences) {
        return new Wanted(
                table,
                List.copyOf(differences.getFirst().key().keySet()),
                differences.stream().map(Difference::exact).toList());
    }

    private static Wanted whole(TableName table) {
        return new Wanted(table, List.of(), List.of());
    }

    /// What a person is told of it: each table once, however often it was copied from.
    public static String text(List<Wanted> copied) {
        if (copied.isEmpty()) {
            return "no row differed, so none was copied again";
        }
        Map<TableName, Set<List<Optional<String>>>> rows = new TreeMap<>();
        Set<TableName> whole = new HashSet<>();
        for (Wanted wanted : copied) {
            rows.computeIfAbsent(wanted.table(), _ -> new HashSet<>()).addAll(wanted.rows());
            if (wanted.key().isEmpty()) {
                whole.add(wanted.table());
            }
        }
        return rows.entrySet().stream()
                .map(e ->
                        whole.contains(e.getKey())
                                ? wholeOf(e.getKey())
                                : Amount.of(e.getValue().size(), "row") + " of " + e.getKey())
                .collect(Collectors.joining(", ", "copied again: ", ""));
    }

    /// What is stored of it: every table, and which of them were copied again as a whole.
    public static Repaired event(List<Wanted> wanted) {
        return new Repaired(
                wanted.stream().mapToLong(w -> w.rows().size()).sum(),
                wanted.stream()
                        .map(w -> w.key().isEmpty() ? wholeOf(w.table()) : w.table().toString())
                        .toList());
    }

    private static String wholeOf(TableName table) {
        return "the whole of " + table;
    }
}
