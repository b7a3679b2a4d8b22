package dev.lockstep.orchestrator.stage;

import dev.lockstep.cdc.apply.ReplicaRole;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.sql.Session;
import java.util.List;

/// Whether a server and the user on it can carry a stream. Both servers must: the way back runs on
/// the other one.
final class ServerCheck {
    /// A stream and a cut at the same time.
    private static final int SLOTS_PER_DATABASE = 2;

    private static final String FREE =
            """
            SELECT current_setting('max_replication_slots')::int
                       - (SELECT count(*) FROM pg_replication_slots)::int AS slots,
                   current_setting('max_wal_senders')::int
                       - (SELECT count(*) FROM pg_stat_replication)::int AS senders\
            """;

    private static final String RIGHTS =
            """
            SELECT rolsuper AS super, rolreplication OR rolsuper AS replication,
                   has_database_privilege(current_database(), 'CREATE') AS may_create
              FROM pg_roles WHERE rolname = current_user\
            """;

    private static final String FOREIGN =
            """
            SELECT n.nspname || '.' || c.relname AS name
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE (n.nspname || '.' || c.relname) = ANY (?::text[])
               AND NOT pg_has_role(current_user, c.relowner, 'USAGE')
             ORDER BY 1\
            """;

    private ServerCheck() {}

    /// @param databases how many databases of this run are on the server
    static void check(Session session, int databases, Problems problems) {
        String walLevel = session.one("SHOW wal_level");
        if (!walLevel.equals("logical")) {
            problems.add(
                    "server of \"%s\" has wal_level=%s; set wal_level = logical and restart it"
                            .formatted(session.label(), walLevel));
        }
        int wanted = SLOTS_PER_DATABASE * databases;
        session.row(
                FREE,
                row -> {
                    few(session, "max_replication_slots", row.integer("slots"), wanted, problems);
                    few(session, "max_wal_senders", row.integer("senders"), wanted, problems);
                    return true;
                });
        session.row(
                RIGHTS,
                row -> {
                    if (!row.flag("replication")) {
                        problems.add(
                                "the user may not replicate on \"%s\"; ALTER ROLE ... REPLICATION"
                                        .formatted(session.label()));
                    }
                    if (!row.flag("may_create")) {
                        problems.add(
                                ("the user may not create a schema or publication in \"%s\"; "
                                                + "GRANT CREATE ON DATABASE")
                                        .formatted(session.label()));
                    }
                    return true;
                });
        replicaRole(session, problems);
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
            problems.add(e.text());
        }
    }

    /// Publishing a table and fencing it take its owner.
    static void checkOwner(Session session, List<Table> tables, Problems problems) {
        String[] names = tables.stream().map(t -> t.name().toString()).toArray(String[]::new);
        List<String> foreign = session.rows(FOREIGN, row -> row.text("name"), (Object) names);
        if (!foreign.isEmpty()) {
            problems.add(
                    "the user does not own %s in \"%s\"; GRANT it the owner's role"
                            .formatted(String.join(", ", foreign), session.label()));
        }
    }
}
