package dev.lockstep.orchestrator.stage;

import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.util.Collection;

/// Whether changes can flow the other way once writes have moved. Both sides were asked for this
/// before the run began, and may have been altered since.
public final class WayBack {
    private static final String UNWRITABLE =
            """
            SELECT current_user AS me, format('%I.%I', n.nspname, c.relname) AS name,
                   concat_ws(', ',
                       CASE WHEN NOT has_table_privilege(c.oid, 'SELECT') THEN 'SELECT' END,
                       CASE WHEN NOT has_table_privilege(c.oid, 'INSERT') THEN 'INSERT' END,
                       CASE WHEN NOT has_table_privilege(c.oid, 'UPDATE') THEN 'UPDATE' END,
                       CASE WHEN NOT has_table_privilege(c.oid, 'DELETE') THEN 'DELETE' END,
                       CASE WHEN NOT has_table_privilege(c.oid, 'TRUNCATE') THEN 'TRUNCATE' END)
                       AS missing
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE format('%s.%s', n.nspname, c.relname) = ANY (?) AND c.relkind IN ('r', 'p')
               AND NOT (has_table_privilege(c.oid, 'SELECT')
                    AND has_table_privilege(c.oid, 'INSERT')
                    AND has_table_privilege(c.oid, 'UPDATE')
                    AND has_table_privilege(c.oid, 'DELETE')
                    AND has_table_privilege(c.oid, 'TRUNCATE'))
             ORDER BY 2\
            """;

    private static final String CLOSED =
            """
            SELECT current_user AS me, quote_ident(n.nspname) AS name FROM pg_namespace n
             WHERE n.nspname = ANY (?) AND NOT has_schema_privilege(n.oid, 'USAGE')
             ORDER BY 2\
            """;

    private WayBack() {}

    /// Fails where there would be none after a switch from `from`.
    ///
    /// @param moved the tables of both sides as they are now
    public static void require(Run run, Moved moved, Side from) {
        Problems problems = new Problems();
        try (Session leaving = run.db(from).brief("way back");
                Session opening = run.db(from.other()).brief("way back")) {
            ServerCheck.checkSender(opening, problems);
            for (Moved.Pair pair : moved.pairs()) {
                identity(from == Side.SOURCE ? pair.target() : pair.source(), opening, problems);
            }
            ServerCheck.checkWriter(leaving, problems);
            checkWritable(leaving, moved.tables(from), problems);
            ServerCheck.checkOwner(leaving, moved.relations(from), problems);
            ServerCheck.checkOwner(opening, moved.relations(from.other()), problems);
            ServerCheck.checkRowSecurity(leaving, moved.tables(from), problems);
            ServerCheck.checkTriggers(leaving, moved.tables(from), problems);
        }
        problems.throwIfAny(
                Fault.PRECONDITION, "there would be no way back, and writes stay where they are");
    }

    /// Published, such a table would refuse its applications' UPDATE and DELETE.
    private static void identity(Table table, Session opening, Problems problems) {
        if (!table.hasUsableIdentity()) {
            problems.add(
                    ("table \"%s\" has no usable replica identity in \"%s\" any more: published, it"
                                    + " would refuse UPDATE and DELETE; give it a primary key or"
                                    + " REPLICA IDENTITY FULL")
                            .formatted(table.name(), opening.label()));
        }
    }

    /// An owner may have taken them from himself.
    static void checkWritable(Session session, Collection<TableName> tables, Problems problems) {
        String[] names = tables.stream().map(TableName::toString).toArray(String[]::new);
        session.rows(
                        UNWRITABLE,
                        row ->
                                ("user %1$s lacks %2$s on %3$s in \"%4$s\"; GRANT %2$s ON %3$s"
                                                + " TO %1$s")
                                        .formatted(
                                                new Ident(row.text("me")),
                                                row.text("missing"),
                                                row.text("name"),
                                                session.label()),
                        (Object) names)
                .forEach(problems::add);
        String[] schemas = tables.stream().map(TableName::schema).distinct().toArray(String[]::new);
        session.rows(
                        CLOSED,
                        row ->
                                ("user %1$s may not use schema %2$s in \"%3$s\"; GRANT USAGE ON"
                                                + " SCHEMA %2$s TO %1$s")
                                        .formatted(
                                                new Ident(row.text("me")),
                                                row.text("name"),
                                                session.label()),
                        (Object) schemas)
                .forEach(problems::add);
    }
}
