package dev.lockstep.orchestrator.schema;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.plans.sql.Session;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// Finds what would stop the copy of a schema before anything is created: the tools, roles that are
/// missing on the target, names that are taken there. Reads only.
public final class SchemaCopyCheck {
    /// Owners, grantees and the roles of policies, each with an object that needs it. The server
    /// does not book what its first superuser owns, so that is asked of the objects themselves.
    private static final String ROLES =
            """
            WITH needed AS (
                SELECT d.classid, d.objid, d.refobjid AS role, d.deptype = 'o' AS owns
                  FROM pg_shdepend d
                 WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype IN ('o', 'a', 'r')
                   AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                 UNION
                SELECT 'pg_class'::regclass, c.oid, c.relowner, true FROM pg_class c
                 WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
                 UNION
                SELECT 'pg_proc'::regclass, p.oid, p.proowner, true FROM pg_proc p
                 WHERE p.oid >= 16384
                 UNION
                SELECT 'pg_namespace'::regclass, n.oid, n.nspowner, true FROM pg_namespace n
                 WHERE n.oid >= 16384)
            SELECT r.rolname, r.rolsuper, n.owns AND i.type <> 'extension' AS owns,
                   i.type, coalesce(i.schema, '') AS schema,
                   coalesce(i.name, '') AS name, i.identity
              FROM needed n
              JOIN pg_roles r ON r.oid = n.role
             CROSS JOIN pg_identify_object(n.classid, n.objid, 0) i
             WHERE r.rolname NOT LIKE 'pg\\_%'
               AND i.type NOT IN ('publication', 'subscription', 'large object')
               AND coalesce(i.schema, i.name, '') !~ '^(pg_|lockstep$|information_schema$)'
               AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = n.classid
                                AND e.objid = n.objid
                                AND (e.deptype = 'e'
                                     -- A range's constructors are always the first superuser's.
                                     OR (e.deptype = 'i' AND e.classid = 'pg_proc'::regclass)))
             ORDER BY r.rolname, owns DESC, i.identity\
            """;

    private static final String EXISTING_ROLES = "SELECT rolname FROM pg_roles";

    /// The roles that the user can make owners; until PostgreSQL 15 every member could.
    private static final String ASSUMABLE_ROLES =
            """
            SELECT rolname FROM pg_roles
             WHERE pg_has_role(current_user, oid,
                               CASE WHEN current_setting('server_version_num')::int < 160000
                                    THEN 'MEMBER' ELSE 'SET' END)\
            """;

    private static final String OBJECTS =
            """
            WITH made AS (
                SELECT 'pg_class'::regclass AS classid, oid FROM pg_class
                 WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND relpersistence <> 't'
                 UNION ALL
                SELECT 'pg_type'::regclass, t.oid FROM pg_type t
                 WHERE t.typtype IN ('e', 'd', 'r')
                    OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')
                 UNION ALL
                SELECT 'pg_proc'::regclass, oid FROM pg_proc)
            SELECT i.type, i.schema, coalesce(i.name, '') AS name, i.identity
              FROM made m
             CROSS JOIN pg_identify_object(m.classid, m.oid, 0) i
             WHERE m.oid >= 16384 AND i.schema !~ '^(pg_|lockstep$|information_schema$)'
               AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = m.classid
                                AND e.objid = m.oid AND e.deptype IN ('e', 'i'))
             ORDER BY 4\
            """;

    private final Db source;
    private final Db target;
    private final SchemaExtent extent;

    public SchemaCopyCheck(Db source, Db target, SchemaExtent extent) {
        this.source = source;
        this.target = target;
        this.extent = extent;
    }

    /// Something that a dump would bring.
    private record Thing(String type, String schema, String name, String identity) {
        static Thing of(Row row) throws SQLException {
            return new Thing(
                    row.text("type"), row.text("schema"), row.text("name"), row.text("identity"));
        }

        TableName named() {
            return new TableName(schema, name);
        }

        boolean isRelation() {
            return type.contains("table") || type.contains("view") || type.equals("sequence");
        }

        @Override
        public String toString() {
            return type + " " + identity;
        }
    }

    /// A role that is to own something, or only to have rights on it.
    private record Need(String role, boolean superuser, boolean owns, Thing thing) {
        static Need of(Row row) throws SQLException {
            return new Need(
                    row.text("rolname"), row.flag("rolsuper"), row.flag("owns"), Thing.of(row));
        }
    }

    /// Adds everything that stands in the way.
    public void check(Problems problems) {
        try (Session from = source.brief("schema check");
                Session to = target.brief("schema check")) {
            try {
                PgTools.find(from.serverMajor(), to.serverMajor());
            } catch (LockstepException e) {
                problems.add(e.text());
            }
            checkRoles(from, to, problems);
            checkNames(from, to, problems);
        }
    }

    private void checkRoles(Session from, Session to, Problems problems) {
        Set<String> existing = new HashSet<>(to.rows(EXISTING_ROLES, row -> row.text("rolname")));
        Set<String> assumable = new HashSet<>(to.rows(ASSUMABLE_ROLES, row -> row.text("rolname")));
        Set<String> reported = new TreeSet<>();
        for (Need need : from.rows(ROLES, Need::of)) {
            if (!isBrought(need.thing()) || reported.contains(need.role())) {
                continue;
            }
            if (existing.contains(need.role()) && need.owns() && !assumable.contains(need.role())) {
                reported.add(need.role());
                problems.add(notAssumable(need, from, to));
            } else if (!existing.contains(need.role())) {
                reported.add(need.role());
                problems.add(
                        "role \"%s\" owns or may use %s of \"%s\" and others, and does not exist on"
                                        .formatted(need.role(), need.thing(), from.label())
                                + " \"%s\"; create it there, with `pg_dumpall --roles-only` or by"
                                        .formatted(to.label())
                                + " hand");
            }
        }
    }

    private static String notAssumable(Need need, Session from, Session to) {
        Ident user = new Ident(to.one("SELECT current_user"));
        return "role \"%s\" owns %s of \"%s\" and maybe others, and user %s may not make it"
                        .formatted(need.role(), need.thing(), from.label(), user)
                + " the owner on \"%s\"; ".formatted(to.label())
                + (need.superuser()
                        ? "give them another owner on the source, or set `schema.copy: none` and"
                                + " bring the schema by hand"
                        : "GRANT %s TO %s there".formatted(new Ident(need.role()), user));
    }

    private void checkNames(Session from, Session to, Problems problems) {
        Set<Thing> taken = new LinkedHashSet<>(to.rows(OBJECTS, Thing::of));
        Set<Thing> wanted = new HashSet<>(from.rows(OBJECTS, Thing::of));
        wanted.removeIf(thing -> !isBrought(thing));
        Set<TableName> renamed = extent.targetNames();
        List<String> clashes =
                taken.stream()
                        .filter(thing ->
                                wanted.contains(thing)
                                        || (thing.isRelation() && renamed.contains(thing.named())))
                        .map(Thing::toString)
                        .toList();
        if (!clashes.isEmpty()) {
            String more = clashes.size() > 10 ? " and %d more".formatted(clashes.size() - 10) : "";
            problems.add(
                    "the target \"%s\" is not empty: it has %s%s; drop them, or set"
                                    .formatted(
                                            to.label(),
                                            String.join(", ", clashes.stream().limit(10).toList()),
                                            more)
                            + " `schema.copy: none` if they are meant to take the rows");
        }
    }

    /// Tables out of scope stay where they are; everything else comes along.
    private boolean isBrought(Thing thing) {
        return !thing.type().contains("table") || extent.scope().covers(thing.named());
    }
}
