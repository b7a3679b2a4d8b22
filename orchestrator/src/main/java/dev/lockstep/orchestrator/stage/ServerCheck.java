package dev.lockstep.orchestrator.stage;

import dev.lockstep.cdc.session.ReplicaRole;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.plans.sql.Session;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/// Whether a server and the user on it can carry a stream. Both servers must: the way back runs on
/// the other one.
public final class ServerCheck {
    /// A stream and a cut at the same time.
    private static final int SLOTS_PER_DATABASE = 2;

    /// The first version in which the right to set a parameter can be granted.
    private static final int PARAMETER_GRANTS = 15;

    private static final String FREE =
            """
            SELECT current_setting('max_replication_slots')::int
                       - (SELECT count(*) FROM pg_replication_slots)::int AS slots,
                   current_setting('max_wal_senders')::int
                       - (SELECT count(*) FROM pg_stat_replication)::int AS senders\
            """;

    private static final String RIGHTS =
            """
            SELECT rolname, current_database() AS database,
                   rolreplication OR rolsuper AS replication,
                   has_database_privilege(current_database(), 'CREATE') AS may_create,
                   has_database_privilege(current_database(), 'TEMPORARY') AS may_stage
              FROM pg_roles WHERE rolname = current_user\
            """;

    private static final String FOREIGN =
            """
            SELECT o.rolname AS owner, o.rolsuper, current_user AS me,
                   string_agg(n.nspname || '.' || c.relname, ', '
                              ORDER BY n.nspname, c.relname) AS names
              FROM pg_class c
              JOIN pg_namespace n ON n.oid = c.relnamespace
              JOIN pg_roles o ON o.oid = c.relowner
             WHERE (n.nspname || '.' || c.relname) = ANY (?::text[])
               AND c.relkind IN ('r', 'p', 'S')
               AND NOT pg_has_role(current_user, c.relowner, 'USAGE')
             GROUP BY 1, 2, 3
             ORDER BY 1\
            """;

    private static final String HIDDEN =
            """
            SELECT t.sql AS name
              FROM unnest(?::text[], ?::text[]) AS t (name, sql)
              JOIN pg_namespace n ON true
              JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p')
             WHERE n.nspname || '.' || c.relname = t.name AND row_security_active(c.oid)
             ORDER BY 1\
            """;

    private static final String ALWAYS =
            """
            WITH fires AS (
                SELECT tgrelid AS oid, 'TRIGGER' AS kind, tgname AS name FROM pg_trigger
                 WHERE tgenabled IN ('A', 'R') AND NOT tgisinternal
                   AND tgname NOT LIKE 'lockstep\\_%'
                 UNION ALL
                SELECT ev_class, 'RULE', rulename FROM pg_rewrite
                 WHERE ev_enabled IN ('A', 'R'))
            SELECT f.kind, f.name, n.nspname || '.' || c.relname AS table_name,
                   format('%I.%I', n.nspname, c.relname) AS table_sql
              FROM fires f
              JOIN pg_class c ON c.oid = f.oid
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname || '.' || c.relname = ANY (?)
             ORDER BY 3, 1, 2\
            """;

    private ServerCheck() {}

    /// @param databases how many databases of this run are on the server
    static void check(Session session, int databases, Problems problems) {
        checkLevel(session, problems);
        int wanted = SLOTS_PER_DATABASE * databases;
        checkFree(session, wanted, problems);
        rights(session, problems);
        replicaRole(session, problems);
    }

    /// Whether a stream can still be read from here.
    static void checkSender(Session session, Problems problems) {
        checkLevel(session, problems);
        checkFree(session, 1, problems);
        rights(session, problems);
    }

    /// Whether a stream can still be written to here.
    static void checkWriter(Session session, Problems problems) {
        rights(session, problems);
        replicaRole(session, problems);
    }

    private static void checkLevel(Session session, Problems problems) {
        String walLevel = session.one("SHOW wal_level");
        if (!walLevel.equals("logical")) {
            problems.add(
                    "server of \"%s\" has wal_level=%s; set wal_level = logical and restart it"
                            .formatted(session.label(), walLevel));
        }
    }

    private static void checkFree(Session session, int wanted, Problems problems) {
        session.row(
                FREE,
                row -> {
                    few(session, "max_replication_slots", row.integer("slots"), wanted, problems);
                    few(session, "max_wal_senders", row.integer("senders"), wanted, problems);
                    return true;
                });
    }

    private static void rights(Session session, Problems problems) {
        session.row(
                RIGHTS,
                row -> {
                    Ident user = new Ident(row.text("rolname"));
                    Ident database = new Ident(row.text("database"));
                    if (!row.flag("replication")) {
                        problems.add(
                                "user %s may not replicate on \"%s\"; ALTER ROLE %s REPLICATION"
                                        .formatted(user, session.label(), user));
                    }
                    if (!row.flag("may_create")) {
                        problems.add(
                                ("user %s may not create a schema or publication in \"%s\"; "
                                                + "GRANT CREATE ON DATABASE %s TO %s")
                                        .formatted(user, session.label(), database, user));
                    }
                    if (!row.flag("may_stage")) {
                        problems.add(
                                ("user %s may not create temporary tables in \"%s\"; "
                                                + "GRANT TEMPORARY ON DATABASE %s TO %s")
                                        .formatted(user, session.label(), database, user));
                    }
                    return true;
                });
    }

    private static void few(
            Session session, String setting, int free, int wanted, Problems problems) {
        if (free < wanted) {
            problems.add(
                    ("server of \"%s\" has %d free of %s=%s; %d are needed: drop unused "
                                    + "slots or raise the setting")
                            .formatted(
                                    session.label(),
                                    Math.max(0, free),
                                    setting,
                                    session.one("SHOW " + setting),
                                    wanted));
        }
    }

    private static void replicaRole(Session session, Problems problems) {
        try {
            ReplicaRole.enter(session);
            session.run("RESET session_replication_role");
        } catch (LockstepException e) {
            Ident user = new Ident(session.one("SELECT current_user"));
            problems.add(
                    e.fault() != Fault.PRIVILEGE_MISSING
                            ? e.text()
                            : ("user %s may not set session_replication_role on \"%s\", so "
                                            + "triggers would fire twice; %s")
                                    .formatted(
                                            user,
                                            session.label(),
                                            replicaRoleGrant(session, user)));
        }
    }

    private static String replicaRoleGrant(Session session, Ident user) {
        return session.serverMajor() < PARAMETER_GRANTS
                ? "before PostgreSQL 15 only a superuser may: ALTER ROLE %s SUPERUSER"
                        .formatted(user)
                : "GRANT SET ON PARAMETER session_replication_role TO %s".formatted(user);
    }

    /// Publishing a table, fencing it and setting a sequence take the owner.
    static void checkOwner(Session session, Collection<TableName> relations, Problems problems) {
        String[] names = relations.stream().map(TableName::toString).toArray(String[]::new);
        session.rows(
                        FOREIGN,
                        row ->
                                "user %s does not own %s in \"%s\"; %s"
                                        .formatted(
                                                new Ident(row.text("me")),
                                                row.text("names"),
                                                session.label(),
                                                ownership(row)),
                        (Object) names)
                .forEach(problems::add);
    }

    /// Rows that a policy hides would be missing without a word.
    static void checkRowSecurity(Session session, Collection<TableName> tables, Problems problems) {
        String[] names = tables.stream().map(TableName::toString).toArray(String[]::new);
        String[] quoted = tables.stream().map(TableName::sql).toArray(String[]::new);
        session.rows(HIDDEN, row -> row.text("name"), names, quoted)
                .forEach(name ->
                        problems.add(
                                ("row security of table %s holds for user %s in \"%s\" and may"
                                                + " hide rows; ALTER ROLE %s BYPASSRLS, or ALTER"
                                                + " TABLE %s NO FORCE ROW LEVEL SECURITY")
                                        .formatted(
                                                name,
                                                session.one("SELECT quote_ident(current_user)"),
                                                session.label(),
                                                session.one("SELECT quote_ident(current_user)"),
                                                name)));
    }

    /// What changes the rows that a stream brings to `tables`, a line each.
    public static List<String> meddlers(Session session, Collection<TableName> tables) {
        String[] names = tables.stream().map(TableName::toString).toArray(String[]::new);
        return session.rows(
                ALWAYS,
                row -> row.text("table_sql") + " " + row.text("kind") + " " + row.text("name"),
                (Object) names);
    }

    /// What fires for a replica, too, would do its work a second time with what a stream brings.
    static void checkTriggers(Session session, Collection<TableName> tables, Problems problems) {
        String[] names = tables.stream().map(TableName::toString).toArray(String[]::new);
        session.rows(
                        ALWAYS,
                        row ->
                                ("%s \"%s\" of table \"%s\" in \"%s\" fires for replicated changes,"
                                                + " too, and would fire twice; ALTER TABLE %s"
                                                + " ENABLE %s %s, at least until the run ends")
                                        .formatted(
                                                row.text("kind").toLowerCase(Locale.ROOT),
                                                row.text("name"),
                                                row.text("table_name"),
                                                session.label(),
                                                row.text("table_sql"),
                                                row.text("kind"),
                                                new Ident(row.text("name"))),
                        (Object) names)
                .forEach(problems::add);
    }

    /// Nobody is told to hand out a superuser's role.
    private static String ownership(Row row) throws SQLException {
        Ident user = new Ident(row.text("me"));
        return row.flag("rolsuper")
                ? "ALTER ... OWNER TO %s, or to a role that is granted to it".formatted(user)
                : "GRANT %s TO %s".formatted(new Ident(row.text("owner")), user);
    }
}
