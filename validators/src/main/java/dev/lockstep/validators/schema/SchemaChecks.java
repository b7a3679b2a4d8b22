package dev.lockstep.validators.schema;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.TablePair;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// All checks that read catalogs alone, or little more.
public final class SchemaChecks {
    private static final List<Check> ALL =
            List.of(
                    new Columns(),
                    new Constraints(),
                    new Indexes(),
                    new Partitions(),
                    new Triggers(),
                    new Views(),
                    new Sequences(),
                    new Privileges(),
                    new Extensions());

    private static final Comparator<Finding> ORDER =
            Comparator.comparing(Finding::severity)
                    .thenComparing(Finding::about)
                    .thenComparing(Finding::check)
                    .thenComparing(Finding::found);

    private SchemaChecks() {}

    /// Compares one kind of thing in both catalogs. Quick: it reads no table but by an index.
    interface Check {
        /// What findings and reports call it.
        String name();

        List<Finding> check(SessionPair sessions, Extent extent);
    }

    /// What they find; errors first. The sessions are in no transaction. A check that one of the
    /// databases does not let be made is a note; one that may be made a moment later fails, and
    /// nobody goes on without it.
    public static List<Finding> all(SessionPair sessions, Extent extent) {
        List<Finding> findings = new ArrayList<>();
        ALL.forEach(check -> findings.addAll(made(check, sessions, extent)));
        return sorted(withoutRepeats(findings, extent));
    }

    /// Errors first, then by what they are about.
    public static List<Finding> sorted(List<Finding> findings) {
        return findings.stream().sorted(ORDER).toList();
    }

    private static List<Finding> made(Check check, SessionPair sessions, Extent extent) {
        try {
            return check.check(sessions, extent);
        } catch (LockstepException e) {
            throwIfPassing(e);
            return List.of(Finding.notMade(check.name(), e));
        }
    }

    /// Rethrows what may not be so when it is tried again: a lock, a connection, an interruption.
    static void throwIfPassing(LockstepException failed) {
        if (failed.fault() == Fault.INTERRUPTED || failed.fault().retry() == Fault.Retry.BOUNDED) {
            throw failed;
        }
    }

    /// What a partition has in common with its partitioned table is told of that one alone.
    private static List<Finding> withoutRepeats(List<Finding> findings, Extent extent) {
        Map<String, String> roots = new HashMap<>();
        for (TablePair pair : extent.tables()) {
            TableName name = pair.active().name();
            pair.active()
                    .root()
                    .ifPresent(root -> roots.put(Finding.about(name), Finding.about(root)));
        }
        Set<List<String>> told = new HashSet<>();
        findings.forEach(f -> told.add(List.of(f.check(), f.about(), f.found())));
        return findings.stream()
                .filter(f -> {
                    String root = roots.get(f.about());
                    return root == null || !told.contains(List.of(f.check(), root, f.found()));
                })
                .toList();
    }
}
