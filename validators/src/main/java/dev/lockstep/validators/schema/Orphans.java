package dev.lockstep.validators.schema;

import dev.lockstep.plans.catalog.TableFiles;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.Sides;
import dev.lockstep.validators.TablePair;
import dev.lockstep.validators.Workers;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Rows of the standby that refer to rows which are not there. Changes are written to it with
/// foreign keys off, so nothing but this tells. Of a key that is said to hold, that is an error; of
/// one that is NOT VALID, a note.
///
/// Reads both tables of each key whole, where the planner finds no quicker way: as much as the
/// comparison of rows does, and not before each switch.
///
/// Can miss: keys of tables out of scope that refer to tables in scope; keys over periods and of
/// tables that this user may not read, which are told; keys that only the active has. A table that
/// is truncated or rewritten meanwhile is not told of.
public final class Orphans {
    private static final String NAME = "foreign keys";
    private static final String COUNT = "SELECT count(*) %s";
    private static final String ORPHANS =
            "FROM %s AS c WHERE %s AND NOT EXISTS (SELECT FROM %s AS p WHERE %s)";

    /// Of MATCH FULL, a row with a NULL in some of the columns refers to nothing either.
    private static final String FULL_ORPHANS =
            "FROM %s AS c WHERE NOT (%s) AND (%s OR NOT EXISTS (SELECT FROM %s AS p WHERE %s))";

    private static final String PARTITIONS =
            """
            SELECT n.nspname, c.relname
              FROM pg_partition_tree(to_regclass(?)) AS t
              JOIN pg_class c ON c.oid = t.relid AND t.isleaf
              JOIN pg_namespace n ON n.oid = c.relnamespace\
            """;

    private final Progress progress;

    public Orphans(Progress progress) {
        this.progress = progress;
    }

    /// Looks at the foreign keys that the tables of `extent` have on the standby, as they are in
    /// the snapshots of `sides`.
    public List<Finding> check(Sides sides, Extent extent) {
        Map<TableName, TablePair> pairs = new HashMap<>();
        extent.tables().forEach(pair -> pairs.put(pair.standby().name(), pair));
        Queue<ForeignKey> left = new ConcurrentLinkedQueue<>();
        extent.readStandby(sides.pairs().getFirst().standby(), ForeignKey.READ, ForeignKey::read)
                .values()
                .forEach(left::addAll);
        List<Finding> findings = Collections.synchronizedList(new ArrayList<>());
        Workers.run(
                sides,
                sessions -> {
                    for (ForeignKey key = left.poll(); key != null; key = left.poll()) {
                        ForeignKey next = key;
                        TableName active =
                                Objects.requireNonNull(pairs.get(key.table())).active().name();
                        progress.compared(active, 0);
                        sessions.read(() -> findings.addAll(look(sessions, next, active)));
                    }
                });
        return SchemaChecks.sorted(findings);
    }

    private List<Finding> look(SessionPair sessions, ForeignKey key, TableName active) {
        String name = "constraint \"%s\" %s".formatted(key.name(), key.definition());
        if (!key.kind().enforced()) {
            return List.of();
        }
        if (key.kind().period() || !key.readable()) {
            String why =
                    key.readable()
                            ? "it is over periods of time"
                            : "this user may not read all of both tables";
            return List.of(Finding.note(NAME, active, name + " was not checked: " + why, ""));
        }
        String orphans = orphans(key);
        long count = sessions.standby().number(COUNT.formatted(orphans));
        return count == 0 || isSpoiled(sessions, key)
                ? List.of()
                : List.of(finding(key, active, count, orphans));
    }

    private static Finding finding(ForeignKey key, TableName active, long count, String orphans) {
        String found =
                "%,d rows of \"%s\" on the standby refer to rows that \"%s\" lacks: constraint"
                                .formatted(count, key.table(), key.references())
                        + " \"%s\" %s".formatted(key.name(), key.definition());
        String remedy =
                "bring these, or do away with the rows or with the constraint; SELECT c.* "
                        + orphans;
        return key.kind().valid()
                ? Finding.error(NAME, active, found, remedy)
                : Finding.note(NAME, active, found, remedy);
    }

    /// A table that was truncated or rewritten since the snapshot may look empty in it.
    private static boolean isSpoiled(SessionPair sessions, ForeignKey key) {
        List<TableName> tables =
                Stream.concat(
                                holders(sessions.standby(), key.table(), key.kind().fromWhole()),
                                holders(sessions.standby(), key.references(), key.kind().toWhole()))
                        .distinct()
                        .toList();
        TableFiles seen = TableFiles.seen(sessions.standby(), tables);
        return !seen.changed(TableFiles.of(sessions.standby(), tables)).isEmpty();
    }

    /// The tables that hold its rows: itself, or its partitions.
    private static Stream<TableName> holders(Session session, TableName table, boolean whole) {
        return whole
                ? session
                        .rows(
                                PARTITIONS,
                                row -> new TableName(row.text("nspname"), row.text("relname")),
                                table.sql())
                        .stream()
                : Stream.of(table);
    }

    private static String orphans(ForeignKey key) {
        List<String> columns =
                key.columns().stream().map(column -> "c." + new Ident(column)).toList();
        String match =
                IntStream.range(0, columns.size())
                        .mapToObj(i ->
                                "p.%s %s %s%s"
                                        .formatted(
                                                new Ident(key.referenced().get(i)),
                                                key.operators().get(i),
                                                columns.get(i),
                                                key.collations().get(i)))
                        .collect(Collectors.joining(" AND "));
        String from = table(key.table(), key.kind().fromWhole());
        String to = table(key.references(), key.kind().toWhole());
        return key.kind().full()
                ? FULL_ORPHANS.formatted(
                        from,
                        all(columns, " IS NULL", " AND "),
                        all(columns, " IS NULL", " OR "),
                        to,
                        match)
                : ORPHANS.formatted(from, all(columns, " IS NOT NULL", " AND "), to, match);
    }

    private static String all(List<String> columns, String test, String between) {
        return columns.stream().map(c -> c + test).collect(Collectors.joining(between));
    }

    private static String table(TableName table, boolean whole) {
        return (whole ? "" : "ONLY ") + table.sql();
    }
}
