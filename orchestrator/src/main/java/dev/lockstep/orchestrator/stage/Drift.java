package dev.lockstep.orchestrator.stage;

import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.catalog.Column;
import dev.lockstep.plans.catalog.Sequence;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.sql.Session;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// What has become of the tables of a run since it began: a table or column that nobody carries
/// must stop the run and not be left behind.
public final class Drift {
    private Drift() {}

    /// Fails where what is carried has no counterpart of the same type on the other side.
    ///
    /// @param booked the source's tables that the run has copied
    /// @param active where new tables and columns come from
    public static void requireCounterparts(Moved moved, Set<TableName> booked, Side active) {
        Problems problems = new Problems();
        Set<TableName> paired =
                moved.pairs().stream()
                        .map(pair -> pair.source().name())
                        .collect(Collectors.toSet());
        for (TableName table : new TreeSet<>(booked)) {
            if (!paired.contains(table)) {
                problems.add(
                        ("table \"%s\" of the source or its counterpart \"%s\" is gone; give it"
                                        + " its name back")
                                .formatted(table, moved.targetName(table)));
            }
        }
        if (active == Side.SOURCE) {
            for (Table table : moved.source().rowTables()) {
                if (!paired.contains(table.name()) && !booked.contains(table.name())) {
                    problems.add(
                            "table \"%s\" is in scope and has no counterpart \"%s\" on the target"
                                    .formatted(table.name(), moved.targetName(table.name())));
                }
            }
        }
        others(moved, active, problems);
        moved.pairs().forEach(pair -> columns(pair, active, problems));
        moved.pairs().forEach(pair -> root(moved, pair, problems));
        problems.throwIfAny(
                Fault.CHANGE_REFUSED,
                "not everything in scope can be carried; undo the change, or make it on the other"
                        + " side, too, and run again; drop or exclude a new table; or abort and"
                        + " start afresh");
    }

    /// Fails where the source, while it is the standby, has rows that no stream brought and none
    /// will take away: in tables in scope that the target does not have, such as one that came with
    /// a switch. A partition that is made there first is empty.
    ///
    /// @param source one that may wait for nobody
    public static void requireNoneAside(Moved now, Session source) {
        Problems problems = new Problems();
        source.run("SET lock_timeout = '500ms'");
        for (Table table : now.loneTables()) {
            if (hasRows(table.name(), source)) {
                problems.add(
                        ("table \"%s\" of the source is in scope and has rows, and the target, to"
                                        + " which writes go, has no \"%s\"")
                                .formatted(table.name(), now.targetName(table.name())));
            }
        }
        problems.throwIfAny(
                Fault.CHANGE_REFUSED,
                "rows are on the side that refuses writes only; move them to the target by hand and"
                        + " drop the table, or exclude it, and run again");
    }

    /// Where somebody has the table to himself, that is for a later look.
    private static boolean hasRows(TableName table, Session session) {
        try {
            return !session.flag("SELECT has_table_privilege(?, 'SELECT')", table.sql())
                    || session.flag("SELECT EXISTS (SELECT FROM %s)".formatted(table.sql()));
        } catch (LockstepException e) {
            if (e.fault() != Fault.LOCK_TIMEOUT) {
                throw e;
            }
            return false;
        }
    }

    private static void others(Moved moved, Side active, Problems problems) {
        if (active == Side.TARGET) {
            lonePartitions(moved, problems);
        }
        for (Sequence sequence : moved.source().sequences()) {
            if (moved.targetSequence(sequence).isEmpty()) {
                problems.add(
                        "sequence \"%s\" has no counterpart on the target"
                                .formatted(sequence.name()));
            }
        }
    }

    private static void lonePartitions(Moved moved, Problems problems) {
        for (Table table : moved.lonePartitions()) {
            problems.add(
                    "partition \"%s\" of the target has no counterpart on the source"
                            .formatted(table.name()));
        }
    }

    /// A partition that was detached on one side holds rows that the partitioned table of the other
    /// side would show.
    private static void root(Moved moved, Moved.Pair pair, Problems problems) {
        Optional<TableName> wanted = pair.source().root().map(moved::targetName);
        Optional<TableName> there = pair.target().root();
        boolean known =
                wanted.filter(root -> moved.target().table(root).isPresent()).isPresent()
                        || there.filter(moved.tables(Side.TARGET)::contains).isPresent();
        if (known && !wanted.equals(there)) {
            problems.add(
                    "table \"%s\" of the source %s, and \"%s\" of the target %s"
                            .formatted(
                                    pair.source().name(),
                                    partition(pair.source().root()),
                                    pair.target().name(),
                                    partition(there)));
        }
    }

    private static String partition(Optional<TableName> root) {
        return root.map("is a partition of \"%s\""::formatted).orElse("is no partition");
    }

    private static void columns(Moved.Pair pair, Side active, Problems problems) {
        for (Column column : pair.source().writtenColumns()) {
            String name = pair.columns().get(column.name());
            if (name != null) {
                TableCheck.column(
                        pair.source(),
                        column,
                        pair.target(),
                        pair.target().column(name).orElseThrow(),
                        problems);
            } else if (active == Side.SOURCE) {
                problems.add(
                        "column \"%s\" of table \"%s\" has no counterpart on the target"
                                .formatted(column.name(), pair.source().name()));
            }
        }
    }

    /// Fails where tables, columns or sequences in scope are not those of `before` any more.
    public static void requireNone(Moved before, Moved now) {
        Problems problems = between(before, now);
        lonePartitions(now, problems);
        problems.throwIfAny(
                Fault.PRECONDITION,
                "the schema has changed since the run read it, and writes stay where they"
                        + " are; `run` tells what it can take over");
    }

    /// As [#requireNone], but of columns: `now` need not have any.
    ///
    /// @param active the side of which sequences matter
    public static void requireSameTables(Moved before, Moved now, Side active) {
        Problems problems = new Problems();
        partitions("source", before.source().tables(), now.source().tables(), problems);
        partitions("target", partners(before), partners(now), problems);
        lonePartitions(now, problems);
        if (active == Side.SOURCE) {
            names("source", "sequence", sequences(before), sequences(now), problems);
        }
        problems.throwIfAny(
                Fault.PRECONDITION,
                "the schema has changed since the run read it, and writes stay where they"
                        + " are; `run` tells what it can take over");
    }

    /// Fails where the target has got tables since writes moved there: they would be left behind
    /// when writes move back.
    ///
    /// @param before those that it had then and the source had not
    public static void requireNoneLeftBehind(Moved now, Collection<String> before) {
        requireNoneLeftBehind(now.others().stream().map(TableName::toString).toList(), before);
    }

    /// As the other, by the names of those that the target has now.
    public static void requireNoneLeftBehind(List<String> now, Collection<String> before) {
        Problems problems = new Problems();
        now.stream()
                .filter(table -> !before.contains(table))
                .forEach(table ->
                        problems.add("table \"%s\" is new on the target".formatted(table)));
        problems.throwIfAny(
                Fault.PRECONDITION,
                "the source lacks tables that the target has got since writes moved there, and"
                        + " writes stay where they are; move their rows by hand and drop them, or"
                        + " `complete`");
    }

    /// What of tables, columns and sequences in scope is not as in `before` any more.
    public static Problems between(Moved before, Moved now) {
        Problems problems = new Problems();
        tables("source", before.source().tables(), now.source().tables(), problems);
        tables("target", partners(before), partners(now), problems);
        names("source", "sequence", sequences(before), sequences(now), problems);
        return problems;
    }

    private static void tables(
            String side,
            Map<TableName, Table> before,
            Map<TableName, Table> now,
            Problems problems) {
        partitions(side, before, now, problems);
        before.forEach((name, table) -> {
            Table after = now.get(name);
            if (after != null && !columns(table).equals(columns(after))) {
                problems.add(
                        "table \"%s\" of the %s had the columns %s and has %s"
                                .formatted(name, side, columns(table), columns(after)));
            }
        });
    }

    private static void partitions(
            String side,
            Map<TableName, Table> before,
            Map<TableName, Table> now,
            Problems problems) {
        names(side, "table", before.keySet(), now.keySet(), problems);
        before.forEach((name, table) -> {
            Table after = now.get(name);
            if (after != null && !table.root().equals(after.root())) {
                problems.add(
                        "table \"%s\" of the %s %s now"
                                .formatted(name, side, partition(after.root())));
            }
        });
    }

    private static void names(
            String side,
            String kind,
            Set<TableName> before,
            Set<TableName> now,
            Problems problems) {
        Set<TableName> added = new TreeSet<>(now);
        added.removeAll(before);
        added.forEach(
                name -> problems.add("%s \"%s\" is new on the %s".formatted(kind, name, side)));
        Set<TableName> gone = new TreeSet<>(before);
        gone.removeAll(now);
        gone.forEach(
                name -> problems.add("%s \"%s\" is gone from the %s".formatted(kind, name, side)));
    }

    private static Map<TableName, Table> partners(Moved moved) {
        return moved.pairs().stream()
                .map(Moved.Pair::target)
                .collect(Collectors.toMap(Table::name, table -> table));
    }

    private static Set<TableName> sequences(Moved moved) {
        return moved.source().sequences().stream().map(Sequence::name).collect(Collectors.toSet());
    }

    private static List<String> columns(Table table) {
        return table.columns().stream().map(c -> c.name() + " " + c.type()).toList();
    }
}
