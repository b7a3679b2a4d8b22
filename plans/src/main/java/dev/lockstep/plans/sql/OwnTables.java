package dev.lockstep.plans.sql;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;

/// Lockstep's own tables, in a schema of their own in each database.
public final class OwnTables {
    public static final String SCHEMA = "lockstep";

    /// The setting by which sessions that write for Lockstep are known: `yes` there.
    public static final String OWN_WRITER = "lockstep.own_writer";

    private static final String EXIST = "SELECT to_regclass('lockstep.lease') IS NOT NULL";
    private static final String JOURNAL = "SELECT to_regclass('lockstep.journal') IS NOT NULL";

    /// How to be rid of all but what is told of runs that are over.
    private static final String REMOVAL =
            """
            SELECT 'DROP TABLE ' || string_agg(oid::regclass::text, ', ') AS removal
              FROM pg_class
             WHERE relnamespace = 'lockstep'::regnamespace AND relkind = 'r'
               AND relname NOT IN ('run', 'journal')
            HAVING count(*) > 0
             UNION ALL
            SELECT 'DROP FUNCTION ' || oid::regprocedure
              FROM pg_proc WHERE pronamespace = 'lockstep'::regnamespace\
            """;

    private OwnTables() {}

    /// Whether `db` has them.
    public static boolean exist(Session session) {
        return session.flag(EXIST);
    }

    /// Whether it has the journal, which outlasts the others.
    public static boolean haveJournal(Session session) {
        return session.flag(JOURNAL);
    }

    /// Removes all but the journal and what each run moved; [#migrate] brings the others back.
    public static void leaveJournal(Session session) {
        session.rows(REMOVAL, row -> row.text("removal")).forEach(session::run);
    }

    /// Whether a statement failed because they have been removed meanwhile.
    public static boolean areRemoved(LockstepException e) {
        return SqlStates.of(e).orElse("").equals(SqlStates.UNDEFINED_TABLE);
    }

    /// Creates them, or brings them up to this version's.
    public static void migrate(Db db) {
        try {
            Flyway flyway =
                    Flyway.configure(OwnTables.class.getClassLoader())
                            .dataSource(db.dataSource())
                            .defaultSchema(SCHEMA)
                            .schemas(SCHEMA)
                            .createSchemas(true)
                            .locations("classpath:dev/lockstep/plans/own")
                            // A journal that outlasted the other tables is taken as it is.
                            .baselineOnMigrate(true)
                            .baselineVersion("0")
                            .placeholderReplacement(false)
                            .load();
            flyway.getConfigurationExtension(PostgreSQLConfigurationExtension.class)
                    .setTransactionalLock(false);
            flyway.migrate();
        } catch (FlywayException e) {
            throw new LockstepException(
                    Fault.PRECONDITION,
                    ("cannot create schema \"%s\" in database \"%s\" as \"%s\": %s; grant CREATE on"
                                    + " the database")
                            .formatted(
                                    SCHEMA,
                                    db.label(),
                                    db.endpoint().user(),
                                    String.valueOf(e.getMessage()).strip().replaceAll("\\s+", " ")),
                    e);
        }
    }
}
