package dev.lockstep.orchestrator.stage;

import dev.lockstep.plans.catalog.Sequence;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.sql.Session;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Whether each sequence of the source has one on the target that can go on where it stands, and
/// back: a column that another one feeds there would find its values taken after a switch.
final class SequenceCheck {
    private final Moved moved;
    private final Session to;
    private final Problems problems;

    private SequenceCheck(Moved moved, Session to, Problems problems) {
        this.moved = moved;
        this.to = to;
        this.problems = problems;
    }

    static void check(Moved moved, Session to, Problems problems) {
        new SequenceCheck(moved, to, problems).check();
    }

    private void check() {
        Map<TableName, TableName> origins = new HashMap<>();
        for (Sequence sequence : moved.source().sequences()) {
            Optional<Sequence> partner = moved.targetSequence(sequence);
            if (partner.isEmpty()) {
                problems.add(
                        "sequence \"%s\" is missing on target \"%s\"; create it"
                                .formatted(sequence.name(), to.label()));
                continue;
            }
            TableName earlier = origins.putIfAbsent(partner.get().name(), sequence.name());
            if (earlier != null) {
                problems.add(
                        ("sequences \"%s\" and \"%s\" of the source would both be \"%s\" on target"
                                        + " \"%s\"; give it one for each")
                                .formatted(
                                        earlier,
                                        sequence.name(),
                                        partner.get().name(),
                                        to.label()));
            }
            splits(sequence, partner.get());
        }
    }

    private void splits(Sequence sequence, Sequence partner) {
        Set<Sequence.Feed> others = new HashSet<>(moved.targetFeeds(sequence));
        others.removeAll(partner.feeds());
        for (Sequence other : moved.target().sequences()) {
            if (other.feeds().stream().anyMatch(others::contains)) {
                problems.add(
                        ("sequence \"%s\" of the source would be both \"%s\" and \"%s\" on target"
                                        + " \"%s\"; have one feed all its columns")
                                .formatted(
                                        sequence.name(), partner.name(), other.name(), to.label()));
            }
        }
    }
}
