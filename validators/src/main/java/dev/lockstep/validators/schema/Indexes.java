package dev.lockstep.validators.schema;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.TablePair;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// Indexes that are missing, by what they are over, and such as a build that failed has left
/// behind, or one that goes on and may fail yet. A unique one of these is an error, unless the
/// active has none that is valid either: it may say of rows that they are unique and they are not.
///
/// Can miss: other names and storage parameters; an index of the same text whose function does
/// something else there; one that is valid by the catalog and broken on disk (`amcheck` finds
/// these); bloat.
final class Indexes implements SchemaChecks.Check {
    private static final String READ =
            """
            SELECT n.nspname, c.relname, i.relname AS index,
                   substr(replace(pg_get_indexdef(x.indexrelid), o.options, ''),
                          length(format('CREATE %%sINDEX %%I ON %%s%%I.%%I ',
                                        CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END,
                                        i.relname,
                                        CASE WHEN i.relkind = 'I' THEN 'ONLY ' ELSE '' END,
                                        n.nspname, c.relname)) + 1) AS definition,
                   x.indisunique, x.indisvalid AND x.indisready AND x.indislive AS valid,
                   i.relispartition AS attached,
                   EXISTS (SELECT FROM pg_constraint k
                            WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))
                       AS of_constraint,
                   EXISTS (SELECT FROM pg_stat_progress_create_index p
                            WHERE p.index_relid = x.indexrelid) AS being_built,
                   ARRAY(SELECT a.attname::text
                           FROM pg_attribute a
                           JOIN generate_series(1, x.indnkeyatts) AS k (n)
                             ON a.attnum = x.indkey[k.n - 1]
                                OR (x.indkey[k.n - 1] = 0
                                    AND strpos(pg_get_indexdef(x.indexrelid, k.n, false),
                                               quote_ident(a.attname)) > 0
                                    AND EXISTS (
                                        SELECT FROM pg_depend d
                                         WHERE d.classid = 'pg_class'::regclass
                                           AND d.objid = x.indexrelid
                                           AND d.refclassid = 'pg_class'::regclass
                                           AND d.refobjid = c.oid
                                           AND d.refobjsubid = a.attnum))
                          WHERE a.attrelid = c.oid AND a.attnum > 0)
                       AS columns
              FROM %s
              JOIN pg_index x ON x.indrelid = c.oid
              JOIN pg_class i ON i.oid = x.indexrelid
             CROSS JOIN LATERAL (
                   SELECT format(' WITH (%%s)',
                                 string_agg(split_part(r.text, '=', 1) || '='
                                            || CASE quote_ident(v.value)
                                               WHEN v.value THEN v.value
                                               ELSE quote_literal(v.value) END,
                                            ', ' ORDER BY r.n)) AS options
                     FROM unnest(i.reloptions) WITH ORDINALITY AS r (text, n)
                    CROSS JOIN LATERAL (
                          SELECT substr(r.text, strpos(r.text, '=') + 1) AS value) AS v) AS o
             ORDER BY 1, 2, 3\
            """
                    .formatted(Extent.TABLES);

    /// @param definition without its table and its storage parameters
    /// @param columns those whose values make two rows alike to it
    private record Index(
            TableName table,
            String name,
            String definition,
            boolean unique,
            boolean valid,
            boolean attached,
            boolean ofConstraint,
            boolean beingBuilt,
            List<String> columns) {
        static Index read(Row row) throws SQLException {
            return new Index(
                    new TableName(row.text("nspname"), row.text("relname")),
                    row.text("index"),
                    row.maybeText("definition").orElse(""),
                    row.flag("indisunique"),
                    row.flag("valid"),
                    row.flag("attached"),
                    row.flag("of_constraint"),
                    row.flag("being_built"),
                    row.texts("columns"));
        }

        String formOfActive(TablePair pair, Extent extent) {
            return unique + Expression.ofActive(definition, pair, extent);
        }

        String formOfStandby() {
            return unique + Expression.ofStandby(definition);
        }

        String text() {
            return "%s \"%s\" %s".formatted(unique ? "unique index" : "index", name, definition);
        }
    }

    @Override
    public String name() {
        return "indexes";
    }

    @Override
    public List<Finding> check(SessionPair sessions, Extent extent) {
        Extent.Both<Index> both = extent.read(sessions, READ, Index::read);
        List<Finding> findings = new ArrayList<>();
        for (TablePair pair : extent.tables()) {
            compare(extent, pair, both, findings);
        }
        return findings;
    }

    private void compare(
            Extent extent, TablePair pair, Extent.Both<Index> both, List<Finding> findings) {
        List<Index> ours = both.active(pair);
        List<Index> theirs = both.standby(pair);
        Set<String> usable = forms(theirs.stream().filter(Index::valid).toList());
        Set<String> known =
                ours.stream().map(i -> i.formOfActive(pair, extent)).collect(Collectors.toSet());
        Set<String> broken = new HashSet<>(known);
        ours.stream()
                .filter(Index::valid)
                .forEach(index -> broken.remove(index.formOfActive(pair, extent)));
        theirs.stream()
                .filter(index -> !index.valid())
                .map(index -> invalid(pair, index, broken.contains(index.formOfStandby())))
                .forEach(findings::add);
        ours.stream()
                .filter(index -> index.valid() && !index.attached() && !index.ofConstraint())
                .filter(index -> !usable.contains(index.formOfActive(pair, extent)))
                .map(index -> missing(pair, index))
                .forEach(findings::add);
        Set<String> shared =
                pair.active().columns().stream()
                        .map(column -> pair.standbyColumn(column.name()))
                        .collect(Collectors.toSet());
        theirs.stream()
                .filter(index -> index.unique() && !index.attached() && !index.ofConstraint())
                .filter(index -> !known.contains(index.formOfStandby()))
                .filter(index -> shared.containsAll(index.columns()))
                .map(index -> stricter(pair, index))
                .forEach(findings::add);
    }

    private static Set<String> forms(List<Index> indexes) {
        return indexes.stream().map(Index::formOfStandby).collect(Collectors.toSet());
    }

    /// @param alike whether the active has such ones too, and none of them is valid
    private Finding invalid(TablePair pair, Index index, boolean alike) {
        Ident name = new Ident(index.name());
        String schema = new Ident(index.table().schema()).toString();
        String found = index.text() + " of the standby is INVALID" + (alike ? ", as here" : "");
        String remedy =
                "REINDEX INDEX CONCURRENTLY %2$s.%1$s, or DROP INDEX CONCURRENTLY %2$s.%1$s and"
                                .formatted(name, schema)
                        + " make it anew; one of a partitioned table wants an index of each"
                        + " partition attached";
        TableName table = pair.active().name();
        if (index.beingBuilt()) {
            found += ": it is being built";
            remedy = "wait until it is there";
        }
        return index.unique() && !alike
                ? Finding.error(name(), table, found, remedy)
                : Finding.note(name(), table, found, remedy);
    }

    private Finding missing(TablePair pair, Index index) {
        return Finding.note(
                name(),
                pair.active().name(),
                index.text()
                        + " has no counterpart on the standby"
                        + (index.unique() ? ": rows that it forbids would be taken there" : ""),
                "create it on %s".formatted(pair.standby().name().sql()));
    }

    private Finding stricter(TablePair pair, Index index) {
        return Finding.note(
                name(),
                pair.active().name(),
                index.text()
                        + " is on the standby alone: what is written and offends it may stop the"
                        + " run",
                "see to it that applications keep to it already");
    }
}
