package dev.lockstep.validators.schema;

import dev.lockstep.plans.catalog.TableFiles;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Amount;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.Sides;
import dev.lockstep.validators.TablePair;
import dev.lockstep.validators.Workers;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Rows of the standby that refer to rows which are not there. Changes are written to it with
/// foreign keys off, so nothing but this tells. Of a key that is said to hold, that is an error; of
/// one that is NOT VALID, a note.
///
/// Reads both tables of each key whole, where the planner finds no quicker way: as much as the
/// comparison of rows does, and not before each switch.
///
/// Can miss: keys of tables out of scope that refer to tables in scope; keys that only the active
/// has. Told, and not looked at, are keys over periods, those of tables that this user may not
/// read, that are locked or gone, and those of tables that were truncated, rewritten or given other
/// partitions since the snapshot: to it they look empty.
public final class Orphans {
    private static final String NAME = "foreign keys";
    private static final String COUNT = "SELECT count(*) %s";
    private static final String ORPHANS =
            "FROM %s AS c WHERE %s AND NOT EXISTS (SELECT FROM %s AS p WHERE %s)";

    /// Of MATCH FULL, a row with a NULL in some of the columns refers to nothing either.
    private static final String FULL_ORPHANS =
            "FROM %s AS c WHERE NOT (%s) AND (%s OR NOT EXISTS (SELECT FROM %s AS p WHERE %s))";

    /// The partitions that hold rows, as the snapshot has them.
    private static final String HOLDERS =
            """
            WITH RECURSIVE tree AS (
                SELECT c.oid, c.relkind, c.relname, n.nspname
                  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = ? AND c.relname = ?
                 UNION ALL
                SELECT c.oid, c.relkind, c.relname, n.nspname
                  FROM tree t
                  JOIN pg_inherits h ON h.inhparent = t.oid AND t.relkind = 'p'
                  JOIN pg_class c ON c.oid = h.inhrelid
                  JOIN pg_namespace n ON n.oid = c.relnamespace)
            SELECT array_agg(t.nspname::text ORDER BY t.oid) AS schemas,
                   array_agg(t.relname::text ORDER BY t.oid) AS names,
                   coalesce(array_agg(t.oid ORDER BY t.oid), '{}')
                       = ARRAY(SELECT p.relid::oid FROM pg_partition_tree(to_regclass(?)) AS p
                                WHERE p.isleaf ORDER BY 1) AS same
              FROM tree AS t WHERE t.relkind <> 'p'\
            """;

    /// @param same whether they are still these
    private record Holders(List<TableName> tables, boolean same) {
        static Holders read(Row row) throws SQLException {
            List<String> schemas = row.texts("schemas");
            List<String> names = row.texts("names");
            return new Holders(
                    IntStream.range(0, names.size())
                            .mapToObj(i -> new TableName(schemas.get(i), names.get(i)))
                            .toList(),
                    row.flag("same"));
        }
    }

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
        extent.readStandby(
                        sides.pairs().getFirst().standby(),
                        ForeignKey.READ_AS_SEEN,
                        ForeignKey::read)
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
                        sessions.read(() ->
                                looked(sessions.standby(), next, active).ifPresent(findings::add));
                    }
                });
        return SchemaChecks.sorted(findings);
    }

    /// One key that cannot be looked at takes nothing from what was found of all else.
    private static Optional<Finding> looked(Session standby, ForeignKey key, TableName active) {
        if (!key.kind().enforced()) {
            return Optional.empty();
        }
        if (key.kind().period()) {
            return unchecked(key, active, "it is over periods of time");
        }
        if (!key.readable()) {
            return unchecked(
                    key, active, "this user may not read all of both tables, or one is gone");
        }
        try {
            return look(standby, key, active);
        } catch (LockstepException e) {
            if (e.fault() == Fault.INTERRUPTED || e.fault() == Fault.UNREACHABLE) {
                throw e;
            }
            return unchecked(key, active, e.text());
        }
    }

    private static Optional<Finding> unchecked(ForeignKey key, TableName active, String why) {
        return Optional.of(Finding.note(NAME, active, key.text() + " was not checked: " + why, ""));
    }

    private static Optional<Finding> look(Session standby, ForeignKey key, TableName active) {
        String orphans = orphans(key);
        long count = standby.number(COUNT.formatted(orphans));
        ForeignKey.Kind kind = key.kind();
        if (isSpoiled(standby, key.table(), kind.fromWhole())
                || isSpoiled(standby, key.references(), kind.toWhole())) {
            return unchecked(
                    key,
                    active,
                    "a table of it was truncated, rewritten or partitioned anew meanwhile");
        }
        return count == 0 ? Optional.empty() : Optional.of(finding(key, active, count, orphans));
    }

    private static Finding finding(ForeignKey key, TableName active, long count, String orphans) {
        String found =
                "%s of \"%s\" on the standby %s to rows that \"%s\" lacks: %s"
                        .formatted(
                                Amount.of(count, "row"),
                                key.table(),
                                count == 1 ? "refers" : "refer",
                                key.references(),
                                key.text());
        String remedy =
                "bring these, or do away with the rows or with the constraint; SELECT c.* "
                        + orphans;
        return key.kind().valid()
                ? Finding.error(NAME, active, found, remedy)
                : Finding.note(NAME, active, found, remedy);
    }

    /// Whether what the snapshot shows of a table may be nothing that ever was: it was truncated or
    /// rewritten since, or has other partitions now.
    private static boolean isSpoiled(Session standby, TableName table, boolean whole) {
        Holders holders =
                whole
                        ? standby.row(
                                        HOLDERS,
                                        Holders::read,
                                        table.schema(),
                                        table.name(),
                                        table.sql())
                                .orElseThrow()
                        : new Holders(List.of(table), true);
        return !holders.same()
                || !TableFiles.seen(standby, holders.tables())
                        .changed(TableFiles.of(standby, holders.tables()))
                        .isEmpty();
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
