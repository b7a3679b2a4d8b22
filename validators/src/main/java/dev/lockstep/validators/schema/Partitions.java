package dev.lockstep.validators.schema;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.TablePair;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// How tables are partitioned: by what, which partition of what, and for which values. All that it
/// finds are notes.
///
/// Can miss: partitions that one side alone has, which the run itself looks for and stops at;
/// tables that inherit without partitions; what an operator class or a hash function of a user's
/// does.
final class Partitions implements SchemaChecks.Check {
    private static final String READ =
            """
            SELECT n.nspname, c.relname, pg_get_partkeydef(c.oid) AS key,
                   pg_get_expr(c.relpartbound, c.oid) AS bound,
                   pn.nspname AS parent_schema, p.relname AS parent_name
              FROM %s
              LEFT JOIN pg_inherits h ON h.inhrelid = c.oid AND c.relispartition
              LEFT JOIN pg_class p ON p.oid = h.inhparent
              LEFT JOIN pg_namespace pn ON pn.oid = p.relnamespace\
            """
                    .formatted(Extent.TABLES);

    private record Place(Optional<String> key, Optional<String> bound, Optional<TableName> parent) {
        static Place read(Row row) throws SQLException {
            Optional<String> parent = row.maybeText("parent_name");
            return new Place(
                    row.maybeText("key"),
                    row.maybeText("bound"),
                    parent.isEmpty()
                            ? Optional.empty()
                            : Optional.of(new TableName(row.text("parent_schema"), parent.get())));
        }

        String partition() {
            return parent.map(p -> "partition of \"%s\" %s".formatted(p, bound.orElse("")))
                    .orElse("no partition");
        }

        String kind() {
            return key.map("partitioned by %s"::formatted).orElse("not partitioned");
        }
    }

    @Override
    public String name() {
        return "partitions";
    }

    @Override
    public List<Finding> check(SessionPair sessions, Extent extent) {
        Extent.Both<Place> both = extent.read(sessions, READ, Place::read);
        List<Finding> findings = new ArrayList<>();
        for (TablePair pair : extent.tables()) {
            for (Place active : both.active(pair)) {
                both.standby(pair)
                        .forEach(standby ->
                                compare(extent, pair, new Extent.Two<>(active, standby), findings));
            }
        }
        return findings;
    }

    private void compare(
            Extent extent, TablePair pair, Extent.Two<Place> two, List<Finding> findings) {
        Place active = two.active();
        Place standby = two.standby();
        boolean sameKey =
                active.key()
                        .map(key -> Expression.ofActive(key, pair, extent))
                        .equals(standby.key().map(Expression::ofStandby));
        boolean samePlace =
                active.parent().map(extent::standbyName).equals(standby.parent())
                        && active.bound().equals(standby.bound());
        if (!sameKey) {
            findings.add(note(pair, active.kind(), standby.kind()));
        }
        if (!samePlace) {
            findings.add(note(pair, active.partition(), standby.partition()));
        }
    }

    private Finding note(TablePair pair, String active, String standby) {
        return Finding.note(
                name(),
                pair.active().name(),
                "is %s on the active, and %s on the standby".formatted(active, standby),
                "see to it that rows find a partition there");
    }
}
