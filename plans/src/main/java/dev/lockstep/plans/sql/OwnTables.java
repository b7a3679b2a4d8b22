package dev.lockstep.plans.sql;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
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

    /// Whether nothing else is in the schema.
    private static final String JOURNAL_ALONE =
            """
            SELECT coalesce(string_agg(relname, ' ' ORDER BY relname) = 'journal run', false)
              FROM pg_class
             WHERE relnamespace = to_regnamespace('lockstep') AND relkind NOT IN ('i', 'I', 't')\
            """;

    /// How to be rid of those that are ours: of tables, and of functions.
    private static final String REMOVAL =
            """
            SELECT 'DROP TABLE ' || string_agg(oid::regclass::text, ', ') AS removal
              FROM pg_class
             WHERE relnamespace = to_regnamespace('lockstep') AND relname = ANY (?)
            HAVING count(*) > 0
             UNION ALL
            SELECT 'DROP FUNCTION ' || oid::regprocedure
              FROM pg_proc
             WHERE pronamespace = to_regnamespace('lockstep')
               AND proname IN ('note_stray_write', 'refuse_write')\
            """;

    private static final String EMPTY =
            """
            SELECT NOT EXISTS (SELECT FROM pg_class
                                WHERE relnamespace = to_regnamespace('lockstep'))\
            """;
    private static final List<String> LASTING = List.of("journal", "run");
    private static final List<String> PASSING =
            List.of(
                    "lease",
                    "request",
                    "progress",
                    "position",
                    "copy_table",
                    "chunk",
                    "unfinished_row",
                    "found_sequence",
                    "stray_write",
                    "flyway_schema_history");

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
        remove(session, PASSING);
    }

    /// Removes all of them, and their schema where nothing else is in it.
    public static void remove(Session session) {
        remove(session, Stream.concat(PASSING.stream(), LASTING.stream()).toList());
        if (session.flag(EMPTY)) {
            session.run("DROP SCHEMA IF EXISTS lockstep");
        }
    }

    private static void remove(Session session, List<String> tables) {
        Object names = tables.toArray(String[]::new);
        session.rows(REMOVAL, row -> row.text("removal"), names).forEach(session::run);
    }

    /// Whether a statement failed because they have been removed meanwhile.
    public static boolean areRemoved(LockstepException e) {
        return SqlStates.of(e).orElse("").equals(SqlStates.UNDEFINED_TABLE);
    }

    /// Does something to them, which are made before. Another run may end just then, and take them
    /// away, as the last one that it knows of.
    public static <T> T with(Db db, Supplier<T> work) {
        try {
            migrate(db);
            return work.get();
        } catch (LockstepException e) {
            if (!areRemoved(e)) {
                throw e;
            }
            migrate(db);
            return work.get();
        }
    }

    /// Creates them, or brings them up to this version's.
    public static void migrate(Db db) {
        boolean isAlone = db.call(session -> session.flag(JOURNAL_ALONE));
        try {
            Flyway flyway =
                    Flyway.configure(OwnTables.class.getClassLoader())
                            .dataSource(db.dataSource())
                            .defaultSchema(SCHEMA)
                            .schemas(SCHEMA)
                            .createSchemas(true)
                            .locations("classpath:dev/lockstep/plans/own")
                            // A journal that outlasted the other tables is taken as it is.
                            .baselineOnMigrate(isAlone)
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
