package dev.lockstep.orchestrator.stage;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.SqlStates;
import java.nio.file.Path;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;

/// A folder of migrations that the plan names, applied to the target. Its history lies in a table
/// of its own until the run ends, so that an application's own history is not touched.
public final class FlywayFolder {
    private final Db target;
    private final Path folder;
    private final String historyTable;

    /// @param use `expand` or `contract`
    public FlywayFolder(Db target, Path folder, String use, String run) {
        this.target = target;
        this.folder = folder;
        this.historyTable = historyTable(use, run);
    }

    private static String historyTable(String use, String run) {
        return "lockstep_" + use + "_" + run.replace('-', '_');
    }

    /// Applies what is not applied; a failed migration names its file and line.
    public void apply() {
        Endpoint endpoint = target.endpoint();
        try {
            Flyway flyway =
                    Flyway.configure(FlywayFolder.class.getClassLoader())
                            .dataSource(
                                    endpoint.url(), endpoint.user(), endpoint.password().reveal())
                            .locations("filesystem:" + folder)
                            .table(historyTable)
                            .baselineOnMigrate(true)
                            .baselineVersion("0")
                            .failOnMissingLocations(true)
                            .placeholderReplacement(false)
                            .load();
            flyway.getConfigurationExtension(PostgreSQLConfigurationExtension.class)
                    .setTransactionalLock(false);
            flyway.migrate();
        } catch (FlywayException e) {
            throw new LockstepException(
                    SqlStates.isConnectionLoss(e) ? Fault.UNREACHABLE : Fault.STATEMENT_FAILED,
                    ("migrations of folder \"%s\" failed on database \"%s\": %s; mend the "
                                    + "file and run again")
                            .formatted(
                                    folder,
                                    target.label(),
                                    String.valueOf(e.getMessage()).strip().replaceAll("\\s+", " ")),
                    e);
        }
    }

    /// Removes the history table, wherever the user's search path had put it.
    public static void forget(Db target, String use, String run) {
        String table = historyTable(use, run);
        target.tx(session ->
                session.rows(
                                "SELECT schemaname FROM pg_tables WHERE tablename = ?",
                                row -> row.text("schemaname"),
                                table)
                        .forEach(schema ->
                                session.run(
                                        "DROP TABLE %s.%s"
                                                .formatted(new Ident(schema), new Ident(table)))));
    }
}
