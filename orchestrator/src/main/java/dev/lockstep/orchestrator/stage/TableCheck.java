package dev.lockstep.orchestrator.stage;

import dev.lockstep.plans.catalog.Column;
import dev.lockstep.plans.catalog.Key;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.fault.Problems;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Whether the rows of one table fit its partner.
final class TableCheck {
    /// From here on servers refuse UPDATE and DELETE of a published table whose rows are named by a
    /// column that is not published.
    private static final int MAJOR_COMPUTED = 18;

    private TableCheck() {}

    /// Whether applications may go on changing the table once it is published on a server of this
    /// major.
    static void identity(Table table, int major, Problems problems) {
        if (major < MAJOR_COMPUTED) {
            return;
        }
        table.computedIdentity()
                .ifPresent(column ->
                        problems.add(
                                ("column \"%s\" of table \"%s\" is generated and part of its"
                                                + " replica identity: published, PostgreSQL %d"
                                                + " would refuse UPDATE and DELETE; give it a"
                                                + " primary key and ALTER TABLE %s REPLICA IDENTITY"
                                                + " DEFAULT, or drop the column, or exclude the"
                                                + " table")
                                        .formatted(
                                                column.name(),
                                                table.name(),
                                                major,
                                                table.name().sql())));
    }

    static void columns(Table table, Table partner, Moved moved, Problems problems) {
        Moved.Pair pair =
                moved.pairs().stream()
                        .filter(p -> p.source().name().equals(table.name()))
                        .findFirst()
                        .orElseThrow();
        for (Column column : table.columns()) {
            String name = moved.targetName(table.name(), column.name());
            Optional<Column> other = partner.column(name);
            if (other.isEmpty()) {
                problems.add(
                        ("column \"%s\" of the target's \"%s\" is missing, for \"%s\" of the "
                                        + "source's \"%s\"; add it, or mend tables.mappings")
                                .formatted(name, partner.name(), column.name(), table.name()));
            } else {
                column(table, column, partner, other.get(), problems);
            }
        }
        extra(pair, problems);
        key(pair, problems);
    }

    /// Whether values of `column` are the same in `other`.
    static void column(Table table, Column column, Table partner, Column other, Problems problems) {
        if (!column.type().equals(other.type())) {
            problems.add(
                    ("column \"%s\" of table \"%s\" is %s, on the target's \"%s\" it is %s; "
                                    + "the types must be the same")
                            .formatted(
                                    column.name(),
                                    table.name(),
                                    column.type(),
                                    partner.name(),
                                    other.type()));
        }
        if (column.isWritten() != other.isWritten()) {
            problems.add(
                    "column \"%s\" of table \"%s\" is generated on one side only"
                            .formatted(column.name(), table.name()));
        }
    }

    private static void extra(Moved.Pair pair, Problems problems) {
        Set<String> known = new HashSet<>(pair.columns().values());
        for (Column column : pair.target().writtenColumns()) {
            if (!known.contains(column.name()) && column.notNull() && !column.identity()) {
                problems.add(
                        ("column \"%s\" of the target's \"%s\" is NOT NULL and the source "
                                        + "has nothing for it; make it nullable until `complete`")
                                .formatted(column.name(), pair.target().name()));
            }
        }
    }

    /// The way back names rows by the target's key, the way there by the source's.
    private static void key(Moved.Pair pair, Problems problems) {
        Optional<List<String>> wanted =
                pair.source()
                        .changeKey()
                        .map(k -> k.columns().stream().map(c -> mapped(pair, c)).toList());
        List<List<String>> there =
                pair.target().keys().stream().filter(Key::identifies).map(Key::columns).toList();
        boolean found =
                wanted.isEmpty()
                        || there.stream()
                                .anyMatch(
                                        k -> new HashSet<>(k).equals(new HashSet<>(wanted.get())));
        if (!found) {
            problems.add(
                    ("table \"%s\" on the target has no unique key on %s, by which changes "
                                    + "name its rows; create it")
                            .formatted(pair.target().name(), wanted.get()));
        }
    }

    private static String mapped(Moved.Pair pair, String column) {
        return pair.columns().getOrDefault(column, column);
    }
}
