package dev.lockstep.validators.schema;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.TablePair;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Primary keys, unique, check and exclusion constraints, foreign keys: by what they say, not by
/// what they are called. All that it finds are notes; [Orphans] looks at the rows. A unique index
/// that is no constraint is told of by [Indexes]; here it stands for a constraint of the standby.
///
/// Can miss: other names of constraints; what a function in a check of the same text does on the
/// standby; constraints of domains; constraint triggers, which are triggers here; which columns an
/// ON DELETE SET NULL sets.
final class Constraints implements SchemaChecks.Check {
    private static final String READ =
            """
            SELECT n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid) AS definition,
                   k.conparentid <> 0 OR (NOT k.conislocal AND c.relispartition) AS inherited,
                   ARRAY(SELECT a.attname::text FROM unnest(k.conkey) AS u (number)
                           JOIN pg_attribute a
                             ON a.attrelid = k.conrelid AND a.attnum = u.number) AS columns
              FROM %s
              JOIN pg_constraint k ON k.conrelid = c.oid
             WHERE k.contype IN ('p', 'u', 'c', 'x')
             ORDER BY 1, 2, 3\
            """
                    .formatted(Extent.TABLES);

    /// Unique indexes that forbid what a constraint would, with the definition of that.
    private static final String UNIQUE_INDEXES =
            """
            SELECT n.nspname, c.relname, i.relname AS conname, true AS inherited,
                   format('UNIQUE%%s (%%s)%%s',
                          CASE WHEN (to_jsonb(x) ->> 'indnullsnotdistinct')::boolean
                               THEN ' NULLS NOT DISTINCT' END,
                          u.key, ' INCLUDE (' || u.more || ')') AS definition,
                   '{}'::text[] AS columns
              FROM %s
              JOIN pg_index x ON x.indrelid = c.oid
              JOIN pg_class i ON i.oid = x.indexrelid
             CROSS JOIN LATERAL (
                   SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.n)
                              FILTER (WHERE k.n <= x.indnkeyatts) AS key,
                          string_agg(quote_ident(a.attname), ', ' ORDER BY k.n)
                              FILTER (WHERE k.n > x.indnkeyatts) AS more
                     FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS k (attnum, n)
                     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum) AS u
             WHERE x.indisunique AND x.indisvalid AND x.indimmediate
               AND x.indpred IS NULL AND x.indexprs IS NULL\
            """
                    .formatted(Extent.TABLES);

    private static final Pattern NOT_VALID = Pattern.compile(" NOT VALID$");

    /// @param inherited whether it is told of elsewhere: another one, of a partitioned table,
    ///   stands for it, or it is a mere index
    private record Constraint(
            String name, String definition, boolean inherited, List<String> columns) {
        static Constraint read(Row row) throws SQLException {
            return new Constraint(
                    row.text("conname"),
                    row.maybeText("definition").orElse(""),
                    row.flag("inherited"),
                    row.texts("columns"));
        }

        boolean isValid() {
            return !NOT_VALID.matcher(definition).find();
        }

        /// What it says, valid or not.
        String rule() {
            return NOT_VALID.matcher(definition).replaceFirst("");
        }

        String text() {
            return "constraint \"%s\" %s".formatted(name, definition);
        }
    }

    @Override
    public String name() {
        return "constraints";
    }

    @Override
    public List<Finding> check(SessionPair sessions, Extent extent) {
        Extent.Both<Constraint> constraints = constraints(sessions, extent);
        Extent.Both<ForeignKey> keys = extent.read(sessions, ForeignKey.READ, ForeignKey::read);
        List<Finding> findings = new ArrayList<>();
        for (TablePair pair : extent.tables()) {
            compare(extent, pair, constraints, findings);
            compareKeys(extent, pair, keys, findings);
        }
        return findings;
    }

    private static Extent.Both<Constraint> constraints(SessionPair sessions, Extent extent) {
        Extent.Both<Constraint> both = extent.read(sessions, READ, Constraint::read);
        Map<TableName, List<Constraint>> active = new HashMap<>(both.active());
        List<TableName> tables = extent.tables().stream().map(p -> p.active().name()).toList();
        Extent.read(sessions.active(), UNIQUE_INDEXES, tables, Constraint::read)
                .forEach((table, indexes) ->
                        active.merge(
                                table,
                                indexes,
                                (a, b) -> Stream.concat(a.stream(), b.stream()).toList()));
        return new Extent.Both<>(active, both.standby());
    }

    private void compare(
            Extent extent, TablePair pair, Extent.Both<Constraint> both, List<Finding> findings) {
        Map<String, Constraint> there =
                byForm(
                        both.standby(pair),
                        c -> Expression.ofStandby(c.rule()),
                        Constraint::isValid);
        Set<String> ours = new HashSet<>();
        for (Constraint constraint : both.active(pair)) {
            String form = Expression.ofActive(constraint.rule(), pair, extent);
            ours.add(form);
            Constraint other = there.get(form);
            if (other == null && !constraint.inherited()) {
                findings.add(missing(pair, constraint.text()));
            } else if (other != null && constraint.isValid() && !other.isValid()) {
                findings.add(notValid(pair, other.name(), constraint.text()));
            }
        }
        Set<String> shared = shared(both, pair);
        there.forEach((form, other) -> {
            if (!ours.contains(form) && !other.inherited() && shared.containsAll(other.columns())) {
                findings.add(stricter(pair, other.text()));
            }
        });
    }

    /// The standby's columns that the active has, too: what is new on the standby is nothing that
    /// the active's rows could offend.
    private static Set<String> shared(Extent.Both<Constraint> both, TablePair pair) {
        Set<String> columns = new HashSet<>();
        pair.active().columns().forEach(c -> columns.add(pair.standbyColumn(c.name())));
        both.active(pair)
                .forEach(c -> c.columns().forEach(n -> columns.add(pair.standbyColumn(n))));
        return columns;
    }

    private void compareKeys(
            Extent extent, TablePair pair, Extent.Both<ForeignKey> both, List<Finding> findings) {
        Map<String, ForeignKey> there =
                byForm(both.standby(pair), ForeignKey::formOfStandby, key -> key.kind().valid());
        Set<String> ours = new HashSet<>();
        for (ForeignKey key : both.active(pair)) {
            String form = key.formOfActive(pair, extent);
            ours.add(form);
            ForeignKey other = there.get(form);
            if (other == null) {
                findings.add(missing(pair, key.text()));
            } else if (key.kind().valid() && !other.kind().valid()) {
                findings.add(notValid(pair, other.name(), key.text()));
            }
        }
        there.forEach((form, other) -> {
            if (!ours.contains(form) && other.kind().enforced()) {
                findings.add(stricter(pair, other.text()));
            }
        });
    }

    /// Of several that say the same, one that is valid.
    private static <T> Map<String, T> byForm(
            List<T> all, Function<T, String> form, Predicate<T> isValid) {
        return all.stream()
                .collect(
                        Collectors.toMap(
                                form,
                                each -> each,
                                (one, other) -> isValid.test(one) ? one : other));
    }

    private Finding missing(TablePair pair, String constraint) {
        return note(
                pair,
                constraint + " has no counterpart on the standby",
                "ALTER TABLE %s ADD it, unless its place is taken"
                        .formatted(pair.standby().name().sql()));
    }

    private Finding notValid(TablePair pair, String there, String constraint) {
        TableName table = pair.standby().name();
        return note(
                pair,
                constraint + " is NOT VALID on the standby",
                "ALTER TABLE %s VALIDATE CONSTRAINT \"%s\"".formatted(table.sql(), there));
    }

    private Finding stricter(TablePair pair, String constraint) {
        return note(
                pair,
                constraint
                        + " is on the standby alone: what is written and offends it may stop the"
                        + " run",
                "see to it that applications keep to it already");
    }

    private Finding note(TablePair pair, String found, String remedy) {
        return Finding.note(name(), pair.active().name(), found, remedy);
    }
}
