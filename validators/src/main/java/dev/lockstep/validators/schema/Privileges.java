package dev.lockstep.validators.schema;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.TablePair;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Owners of tables, sequences and schemas, and what was granted on these and on columns, by the
/// names of roles. All that it finds are notes.
///
/// Can miss: WITH GRANT OPTION; what a role may by being a member of others, or as a superuser;
/// privileges on functions, types, the database; default privileges; row security; whether somebody
/// can log in.
final class Privileges implements SchemaChecks.Check {
    private static final int MAINTAIN_SINCE = 17;

    /// The owner's own privileges are not asked for. What is granted to nobody is one row too.
    /// Whoever owns the database stands for the role that every server has for that.
    private static final String RELATIONS =
            """
            SELECT n.nspname, c.relname, o.rolname AS owner, x.column_name, x.privilege,
                   CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE g.rolname END AS grantee
              FROM %s
              JOIN pg_roles o ON o.oid = c.relowner
              LEFT JOIN LATERAL (
                   SELECT e.grantee, e.privilege_type AS privilege, NULL::name AS column_name
                     FROM aclexplode(coalesce(
                              c.relacl,
                              acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char",
                                         c.relowner))) AS e
                    UNION ALL
                   SELECT e.grantee, e.privilege_type, a.attname
                     FROM pg_attribute a
                    CROSS JOIN LATERAL aclexplode(a.attacl) AS e
                    WHERE a.attrelid = c.oid AND NOT a.attisdropped) AS x
                ON x.grantee <> c.relowner
              LEFT JOIN pg_roles g ON g.oid = x.grantee\
            """
                    .formatted(Extent.TABLES);

    private static final String SCHEMAS =
            """
            SELECT n.nspname, '' AS relname, o.rolname AS owner, NULL AS column_name,
                   x.privilege_type AS privilege,
                   CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE g.rolname END AS grantee
              FROM (SELECT s.oid, s.nspname, s.nspacl, s.nspowner,
                           CASE s.nspowner::regrole::text
                           WHEN 'pg_database_owner'
                           THEN (SELECT d.datdba FROM pg_database d
                                  WHERE d.datname = current_database())
                           ELSE s.nspowner END AS owner
                      FROM pg_namespace s) AS n
              JOIN pg_roles o ON o.oid = n.owner
              JOIN unnest(?::text[], ?::text[]) AS wanted (schema, name)
                ON wanted.schema = n.nspname
              LEFT JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS x
                ON x.grantee NOT IN (n.nspowner, n.owner)
              LEFT JOIN pg_roles g ON g.oid = x.grantee\
            """;

    private static final String ROLES = "SELECT rolname FROM pg_roles";

    /// @param column empty for the whole
    /// @param grantee empty where nobody has anything
    private record Grant(
            String owner, Optional<String> column, String privilege, Optional<String> grantee) {
        static Grant read(Row row) throws SQLException {
            return new Grant(
                    row.text("owner"),
                    row.maybeText("column_name"),
                    row.maybeText("privilege").orElse(""),
                    row.maybeText("grantee"));
        }

        /// As in a GRANT.
        String text(Optional<TablePair> pair) {
            return column.map(name -> pair.map(p -> p.standbyColumn(name)).orElse(name))
                    .map(name -> "%s (%s)".formatted(privilege, new Ident(name)))
                    .orElse(privilege);
        }
    }

    /// One thing that has grants, on both sides.
    ///
    /// @param on how a GRANT calls it
    private record Thing(
            String about,
            String on,
            Optional<TablePair> pair,
            List<Grant> active,
            List<Grant> standby) {}

    @Override
    public String name() {
        return "privileges";
    }

    @Override
    public List<Finding> check(SessionPair sessions, Extent extent) {
        List<Thing> things = new ArrayList<>();
        Extent.Both<Grant> tables = extent.read(sessions, RELATIONS, Grant::read);
        for (TablePair pair : extent.tables()) {
            things.add(
                    new Thing(
                            Finding.about(pair.active().name()),
                            pair.standby().name().sql(),
                            Optional.of(pair),
                            tables.active(pair),
                            tables.standby(pair)));
        }
        things.addAll(sequences(sessions, extent));
        things.addAll(schemas(sessions, extent));
        Set<String> roles =
                new HashSet<>(sessions.standby().rows(ROLES, row -> row.text("rolname")));
        roles.add("PUBLIC");
        boolean maintain = sessions.standby().serverMajor() >= MAINTAIN_SINCE;
        List<Finding> findings = new ArrayList<>();
        for (Thing thing : things) {
            owner(thing, findings);
            grants(thing, roles, maintain).forEach(findings::add);
        }
        return findings;
    }

    private static List<Thing> sequences(SessionPair sessions, Extent extent) {
        Map<TableName, TableName> names = new TreeMap<>(extent.sequences());
        Map<TableName, List<Grant>> active = read(sessions.active(), RELATIONS, names.keySet());
        Map<TableName, List<Grant>> standby = read(sessions.standby(), RELATIONS, names.values());
        return names.entrySet().stream()
                .map(e ->
                        new Thing(
                                "sequence \"%s\"".formatted(e.getKey()),
                                "SEQUENCE " + e.getValue().sql(),
                                Optional.empty(),
                                active.getOrDefault(e.getKey(), List.of()),
                                standby.getOrDefault(e.getValue(), List.of())))
                .toList();
    }

    /// Each schema of the active with each that has tables or sequences of it on the standby.
    private static List<Thing> schemas(SessionPair sessions, Extent extent) {
        Set<Extent.Two<TableName>> pairs =
                Stream.concat(
                                extent.tables().stream()
                                        .map(p -> schemas(p.active().name(), p.standby().name())),
                                extent.sequences().entrySet().stream()
                                        .map(e -> schemas(e.getKey(), e.getValue())))
                        .collect(Collectors.toSet());
        Map<TableName, List<Grant>> active =
                read(
                        sessions.active(),
                        SCHEMAS,
                        pairs.stream().map(Extent.Two::active).collect(Collectors.toSet()));
        Map<TableName, List<Grant>> standby =
                read(
                        sessions.standby(),
                        SCHEMAS,
                        pairs.stream().map(Extent.Two::standby).collect(Collectors.toSet()));
        return pairs.stream()
                .map(pair ->
                        new Thing(
                                about(pair.active().schema(), pair.standby().schema()),
                                "SCHEMA " + new Ident(pair.standby().schema()),
                                Optional.empty(),
                                active.getOrDefault(pair.active(), List.of()),
                                standby.getOrDefault(pair.standby(), List.of())))
                .toList();
    }

    private static Extent.Two<TableName> schemas(TableName active, TableName standby) {
        return new Extent.Two<>(schema(active), schema(standby));
    }

    private static String about(String active, String standby) {
        String there = active.equals(standby) ? "" : ", there \"%s\"".formatted(standby);
        return "schema \"%s\"%s".formatted(active, there);
    }

    private static TableName schema(TableName table) {
        return new TableName(table.schema(), "");
    }

    private static Map<TableName, List<Grant>> read(
            Session session, String sql, Collection<TableName> names) {
        return Extent.read(session, sql, names, Grant::read);
    }

    private void owner(Thing thing, List<Finding> findings) {
        if (thing.active().isEmpty() || thing.standby().isEmpty()) {
            return;
        }
        String active = thing.active().getFirst().owner();
        String standby = thing.standby().getFirst().owner();
        if (!active.equals(standby)) {
            findings.add(
                    note(
                            thing,
                            "is owned by \"%s\" on the active, and by \"%s\" on the standby"
                                    .formatted(active, standby),
                            "see to it that its owner there may do what applications need"));
        }
    }

    /// What a role may on the whole it may on each column, and what everybody may every role may.
    private List<Finding> grants(Thing thing, Set<String> roles, boolean maintain) {
        Map<String, Set<String>> there = new HashMap<>();
        for (Grant grant : thing.standby()) {
            grant.grantee()
                    .ifPresent(role ->
                            there.computeIfAbsent(role, _ -> new HashSet<>())
                                    .add(grant.text(Optional.empty())));
        }
        Set<String> everybody = there.getOrDefault("PUBLIC", Set.of());
        Map<String, Set<String>> missing = new TreeMap<>();
        for (Grant grant : thing.active()) {
            String role = grant.grantee().orElse("");
            Set<String> had = new HashSet<>(there.getOrDefault(role, Set.of()));
            had.addAll(everybody);
            String text = grant.text(thing.pair());
            boolean unknown = grant.privilege().equals("MAINTAIN") && !maintain;
            boolean owns =
                    thing.standby().stream().anyMatch(g -> g.owner().equals(role))
                            || role.isEmpty();
            if (!unknown && !owns && !had.contains(text) && !had.contains(grant.privilege())) {
                missing.computeIfAbsent(role, _ -> new TreeSet<>()).add(text);
            }
        }
        return missing.entrySet().stream()
                .map(e -> missing(thing, e.getKey(), e.getValue(), roles))
                .toList();
    }

    private Finding missing(Thing thing, String role, Set<String> privileges, Set<String> roles) {
        boolean exists = roles.contains(role);
        String list = String.join(", ", privileges);
        return note(
                thing,
                "%s has %s on the active, and not on the standby%s"
                        .formatted(
                                role.equals("PUBLIC") ? role : "role \"%s\"".formatted(role),
                                list,
                                exists ? "" : ", where there is no such role"),
                "GRANT %s ON %s TO %s"
                        .formatted(
                                list,
                                thing.on(),
                                role.equals("PUBLIC") ? role : new Ident(role).toString()));
    }

    private Finding note(Thing thing, String found, String remedy) {
        return new Finding(name(), Finding.Severity.NOTE, thing.about(), found, remedy);
    }
}
