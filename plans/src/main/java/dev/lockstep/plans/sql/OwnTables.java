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

    private static final String EXISTS = "SELECT to_regclass('lockstep.journal') IS NOT NULL";

    private OwnTables() {}

    /// Whether `db` has them.
    public static boolean exist(Session session) {
        return session.flag(EXISTS);
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
