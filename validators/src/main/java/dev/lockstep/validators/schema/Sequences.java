package dev.lockstep.validators.schema;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.TablePair;
import java.math.BigInteger;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Whether sequences are beyond the values of the columns that they feed: by being owned by them,
/// as identities, or in their defaults. One that a switch sets is looked at on the active, from
/// where it is set; any other on the standby, where one that will come to values that are there, in
/// a unique column, is an error. On the active that is a note: it is so today.
///
/// Can miss: what is fed by triggers or by applications, and sequences that cycle; values that are
/// more than some steps away, as one outlier far above is no trouble soon; what partitions have of
/// their own. Columns without a B-tree index that begins with them, or of types other than the
/// integers, numeric and domains over these, are not looked at; that is told where a unique index
/// has them.
final class Sequences implements SchemaChecks.Check {
    private static final String FEEDS =
            """
            WITH feeds AS (
                SELECT d.refobjid AS relation, d.refobjsubid AS attnum, d.objid AS sequence
                  FROM pg_depend d
                 WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                   AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
                 UNION
                SELECT v.adrelid, v.adnum, d.refobjid
                  FROM pg_depend d
                  JOIN pg_attrdef v ON v.oid = d.objid
                 WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
                   AND d.refobjsubid = 0)
            SELECT n.nspname, c.relname, a.attname, sn.nspname AS sequence_schema,
                   s.relname AS sequence_name, q.seqincrement, q.seqmin, q.seqmax,
                   c.relkind = 'p' AS partitioned, x.indexed, x.is_unique, x.in_unique,
                   coalesce(NULLIF(t.typbasetype, 0), t.oid)
                       IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
                       AS countable,
                   has_sequence_privilege(s.oid, 'SELECT') AND has_table_privilege(c.oid, 'SELECT')
                       AND has_schema_privilege(n.oid, 'USAGE')
                       AND has_schema_privilege(sn.oid, 'USAGE')
                       AND NOT row_security_active(c.oid) AS readable
              FROM %s
              JOIN feeds f ON f.relation = c.oid
              JOIN pg_sequence q ON q.seqrelid = f.sequence
              JOIN pg_class s ON s.oid = f.sequence
              JOIN pg_namespace sn ON sn.oid = s.relnamespace
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.attnum
              JOIN pg_type t ON t.oid = a.atttypid
             CROSS JOIN LATERAL (
                   SELECT coalesce(bool_or(l.leads), false) AS indexed,
                          coalesce(bool_or(l.leads AND i.indisunique AND i.indnkeyatts = 1), false)
                              AS is_unique,
                          coalesce(bool_or(i.indisunique), false) AS in_unique
                     FROM pg_index i
                     JOIN pg_class ic ON ic.oid = i.indexrelid
                     JOIN pg_am am ON am.oid = ic.relam
                    CROSS JOIN LATERAL (
                          SELECT i.indkey[0] = a.attnum AND i.indisvalid AND i.indpred IS NULL
                                 AND am.amname = 'btree' AS leads) AS l
                    WHERE i.indrelid = c.oid AND a.attnum = ANY (i.indkey::int2[])) AS x
             WHERE NOT c.relispartition AND NOT q.seqcycle
             ORDER BY 1, 2, 3, 4, 5\
            """
                    .formatted(Extent.TABLES);

    /// Where the sequence is, and the value that is farthest in its direction, whole.
    private static final String POSITION =
            """
            SELECT s.last_value, s.is_called,
                   (SELECT %s(%s(t.%s)::numeric) FROM %s AS t WHERE t.%s BETWEEN %d AND %d)
                       AS edge
              FROM %s AS s\
            """;

    private static final String TAKEN =
            """
            SELECT EXISTS (SELECT FROM %1$s AS t
                            WHERE t.%2$s BETWEEN %3$d AND %4$d
                              AND mod(t.%2$s - (%5$d)::numeric, %6$d) = 0)\
            """;

    /// How far ahead it is looked for values that are there.
    private static final BigInteger STEPS = BigInteger.valueOf(1000);

    private record Feed(
            TableName table,
            String column,
            TableName sequence,
            long increment,
            long min,
            long max,
            boolean partitioned,
            boolean indexed,
            boolean unique,
            boolean inUnique,
            boolean countable,
            boolean readable) {
        static Feed read(Row row) throws SQLException {
            return new Feed(
                    new TableName(row.text("nspname"), row.text("relname")),
                    row.text("attname"),
                    new TableName(row.text("sequence_schema"), row.text("sequence_name")),
                    row.number("seqincrement"),
                    row.number("seqmin"),
                    row.number("seqmax"),
                    row.flag("partitioned"),
                    row.flag("indexed"),
                    row.flag("is_unique"),
                    row.flag("in_unique"),
                    row.flag("countable"),
                    row.flag("readable"));
        }

        boolean isUp() {
            return increment > 0;
        }

        String from() {
            return (partitioned ? "" : "ONLY ") + table.sql();
        }

        String text(String side) {
            return "sequence \"%s\" of the %s, for column \"%s\","
                    .formatted(sequence, side, column);
        }
    }

    /// @param next what the sequence gives next
    /// @param edge the value of the column that is farthest; empty where there is none
    private record Position(BigInteger next, Optional<BigInteger> edge) {
        static Position read(Row row, Feed feed) throws SQLException {
            BigInteger last = BigInteger.valueOf(row.number("last_value"));
            return new Position(
                    row.flag("is_called") ? last.add(BigInteger.valueOf(feed.increment())) : last,
                    row.maybeText("edge").map(BigInteger::new));
        }

        boolean isBehind(Feed feed) {
            return edge.filter(e -> feed.isUp() ? next.compareTo(e) <= 0 : next.compareTo(e) >= 0)
                    .isPresent();
        }
    }

    @Override
    public String name() {
        return "sequences";
    }

    @Override
    public List<Finding> check(SessionPair sessions, Extent extent) {
        List<Finding> findings = new ArrayList<>();
        Extent.Both<Feed> both = extent.read(sessions, FEEDS, Feed::read);
        Set<TableName> carried = Set.copyOf(extent.sequences().values());
        for (TablePair pair : extent.tables()) {
            for (Feed feed : both.active(pair)) {
                looked(sessions.active(), feed, "active")
                        .map(found -> note(pair, found.text(), found.remedy()))
                        .ifPresent(findings::add);
            }
            for (Feed feed : both.standby(pair)) {
                if (!carried.contains(feed.sequence())) {
                    looked(sessions.standby(), feed, "standby")
                            .map(found -> ofStandby(pair, found))
                            .ifPresent(findings::add);
                }
            }
        }
        return findings;
    }

    /// @param taken whether a value that comes soon is there, in a unique column
    private record Found(String text, String remedy, boolean taken) {}

    /// One that cannot be looked at hides no other.
    private static Optional<Found> looked(Session session, Feed feed, String side) {
        if (!feed.indexed() && !feed.inUnique()) {
            return Optional.empty();
        }
        if (!feed.countable() || !feed.indexed()) {
            return unchecked(
                    feed,
                    side,
                    feed.countable()
                            ? "the column has no index to tell its farthest value by"
                            : "the column is of another type than a sequence");
        }
        if (!feed.readable()) {
            return unchecked(feed, side, "this user may not read it");
        }
        try {
            return look(session, feed, side);
        } catch (LockstepException e) {
            SchemaChecks.throwIfPassing(e);
            return unchecked(feed, side, e.text());
        }
    }

    private static Optional<Found> unchecked(Feed feed, String side, String why) {
        return Optional.of(new Found(feed.text(side) + " was not checked: " + why, "", false));
    }

    private static Optional<Found> look(Session session, Feed feed, String side) {
        Ident column = new Ident(feed.column());
        String sql =
                POSITION.formatted(
                        feed.isUp() ? "ceil" : "floor",
                        feed.isUp() ? "max" : "min",
                        column,
                        feed.from(),
                        column,
                        feed.min(),
                        feed.max(),
                        feed.sequence().sql());
        Position position = session.row(sql, row -> Position.read(row, feed)).orElseThrow();
        return position.isBehind(feed)
                ? Optional.of(behind(session, feed, side, position))
                : Optional.empty();
    }

    private static Found behind(Session session, Feed feed, String side, Position position) {
        BigInteger edge = position.edge().orElseThrow();
        BigInteger far = position.next().add(STEPS.multiply(BigInteger.valueOf(feed.increment())));
        BigInteger until = feed.isUp() ? far.min(edge) : far.max(edge);
        String sql =
                TAKEN.formatted(
                        feed.from(),
                        new Ident(feed.column()),
                        position.next().min(until),
                        position.next().max(until),
                        position.next(),
                        Math.abs(feed.increment()));
        return new Found(
                "%s gives %s next, and the column has values beyond that"
                        .formatted(feed.text(side), position.next()),
                "SELECT setval(%s, (SELECT %s(%s)::bigint FROM %s))"
                        .formatted(
                                Ident.literal(feed.sequence().sql()),
                                feed.isUp() ? "max" : "min",
                                new Ident(feed.column()),
                                feed.from()),
                feed.unique() && session.flag(sql));
    }

    private Finding ofStandby(TablePair pair, Found found) {
        String text = found.text() + "; no switch sets it";
        return found.taken()
                ? Finding.error(
                        name(),
                        pair.active().name(),
                        text + ": applications would be given values that are there",
                        found.remedy())
                : note(pair, text, found.remedy());
    }

    private Finding note(TablePair pair, String found, String remedy) {
        return Finding.note(name(), pair.active().name(), found, remedy);
    }
}
