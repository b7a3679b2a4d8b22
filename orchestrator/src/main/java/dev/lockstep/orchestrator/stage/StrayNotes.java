package dev.lockstep.orchestrator.stage;

import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.plans.sql.Session;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Consumer;

/// What was taken down of writes that came to a standby past its refusal.
public final class StrayNotes {
    private static final String FOUND =
            """
            SELECT id, at, table_name, statement, who FROM lockstep.stray_write
             WHERE run = ? ORDER BY id\
            """;

    private static final String TAKEN = "DELETE FROM lockstep.stray_write WHERE id = ?";

    private StrayNotes() {}

    /// One of them.
    public record Stray(long id, String at, String table, String statement, String who) {
        static Stray of(Row row) throws SQLException {
            return new Stray(
                    row.number("id"),
                    row.instant("at").orElseThrow().toString(),
                    row.text("table_name"),
                    row.text("statement"),
                    row.text("who"));
        }

        /// For people.
        public String text(Side standby) {
            return "%s on table \"%s\" of the %s, which refuses writes, by %s in replica role"
                    .formatted(statement, table, standby.label(), who);
        }
    }

    /// Those that were not read yet.
    public static List<Stray> found(Session session, String run) {
        return session.rows(FOUND, Stray::of, run);
    }

    /// Hands over each of them, and forgets it then. Returns how many there were.
    public static int take(Db standby, String run, Consumer<Stray> reader) {
        List<Stray> strays = standby.call(session -> found(session, run));
        for (Stray stray : strays) {
            reader.accept(stray);
            standby.tx(session -> session.update(TAKEN, stray.id()));
        }
        return strays.size();
    }

    /// Fails where there are any: they came after the last look, and no comparison has them.
    public static void requireNone(Session session, String run, Side standby) {
        found(session, run).stream()
                .findFirst()
                .ifPresent(stray -> {
                    throw new LockstepException(
                            Fault.SWITCH_FAILED,
                            stray.text(standby)
                                    + ", since the databases were compared; try again, which"
                                    + " compares them once more");
                });
    }
}
