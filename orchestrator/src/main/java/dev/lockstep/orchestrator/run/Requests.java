package dev.lockstep.orchestrator.run;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.util.List;
import java.util.Optional;

/// What other processes ask of the one that holds the lease, through a table on the target.
public final class Requests {
    private static final String ASK =
            """
            INSERT INTO lockstep.request (run, command, arguments) VALUES (?, ?, ?::jsonb)
            RETURNING id\
            """;
    private static final String OPEN =
            """
            SELECT id, command, arguments::text AS arguments FROM lockstep.request
             WHERE run = ? AND finished_at IS NULL ORDER BY id\
            """;
    private static final String ANSWER =
            """
            UPDATE lockstep.request SET finished_at = now(), outcome = ?::jsonb
             WHERE id = ? AND finished_at IS NULL\
            """;
    private static final String OUTCOME =
            "SELECT outcome::text AS outcome FROM lockstep.request WHERE id = ?";

    private final Db target;
    private final String run;

    /// Something asked and not yet answered.
    public record Request(long id, String command, String arguments) {}

    /// What came of a request.
    ///
    /// @param exit the exit code of the command
    /// @param text what it prints
    public record Outcome(int exit, String text) {}

    public Requests(Db target, String run) {
        this.target = target;
        this.run = run;
    }

    public long ask(String command, String arguments) {
        return target.call(session ->
                session.row(ASK, row -> row.number("id"), run, command, arguments).orElseThrow());
    }

    public List<Request> open() {
        return target.call(session ->
                session.rows(
                        OPEN,
                        row ->
                                new Request(
                                        row.number("id"),
                                        row.text("command"),
                                        row.text("arguments")),
                        run));
    }

    public void answer(long id, Outcome outcome) {
        target.tx(session -> session.update(ANSWER, Json.write(outcome), id));
    }

    /// The answer, once there is one.
    public Optional<Outcome> outcome(Session session, long id) {
        return session.row(OUTCOME, row -> row.maybeText("outcome"), id)
                .flatMap(found -> found)
                .map(json -> Json.read(json, Outcome.class));
    }
}
