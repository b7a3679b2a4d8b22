package dev.lockstep.validators.schema;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.validators.SessionPair;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Views that the standby lacks, and materialized ones that hold rows on the active and were never
/// refreshed on the standby: every query of such a one fails there, so it is an error. Views are
/// those that read a table that is looked at, also through other views.
///
/// Can miss: what a view of the same name says; whether the rows of a materialized view are of
/// today, as no stream carries them; views that read tables by functions or row types alone; views
/// that the standby alone has.
final class Views implements SchemaChecks.Check {
    private static final String READ =
            """
            WITH RECURSIVE reading AS (
                SELECT c.oid
                  FROM %s
                 UNION
                SELECT w.ev_class
                  FROM reading r
                  JOIN pg_depend d
                    ON d.classid = 'pg_rewrite'::regclass
                   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid
                  JOIN pg_rewrite w ON w.oid = d.objid AND w.rulename = '_RETURN')
            SELECT n.nspname, c.relname, c.relkind::text AS kind, c.relispopulated AS populated
              FROM reading r
              JOIN pg_class c ON c.oid = r.oid
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('v', 'm') AND c.relpersistence <> 't'\
            """
                    .formatted(Extent.TABLES);

    private static final String FIND =
            "SELECT n.nspname, c.relname, c.relkind::text AS kind, c.relispopulated AS populated"
                    + " FROM "
                    + Extent.TABLES;

    private record View(boolean materialized, boolean populated) {
        static View read(Row row) throws SQLException {
            return new View(row.text("kind").equals("m"), row.flag("populated"));
        }

        String about(TableName name) {
            return "%s \"%s\"".formatted(materialized ? "materialized view" : "view", name);
        }
    }

    @Override
    public String name() {
        return "views";
    }

    @Override
    public List<Finding> check(SessionPair sessions, Extent extent) {
        Map<TableName, List<View>> here = extent.readActive(sessions.active(), READ, View::read);
        Map<TableName, List<View>> there =
                Extent.read(sessions.standby(), FIND, here.keySet(), View::read);
        List<Finding> findings = new ArrayList<>();
        here.forEach((name, views) -> {
            View view = views.getFirst();
            List<View> counterpart = there.getOrDefault(name, List.of());
            if (counterpart.isEmpty()) {
                findings.add(missing(name, view));
            } else if (view.populated() && !counterpart.getFirst().populated()) {
                findings.add(empty(name, view));
            }
        });
        return findings;
    }

    private Finding missing(TableName name, View view) {
        return new Finding(
                name(),
                Finding.Severity.NOTE,
                view.about(name),
                "is missing on the standby",
                "create it there, or see to it that nobody reads it");
    }

    private Finding empty(TableName name, View view) {
        return new Finding(
                name(),
                Finding.Severity.ERROR,
                view.about(name),
                "is populated on the active and not on the standby, where every query of it fails",
                "REFRESH MATERIALIZED VIEW %s there".formatted(name.sql()));
    }
}
