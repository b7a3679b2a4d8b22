package dev.lockstep.orchestrator.run;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.schema.Finding;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// What other processes ask of the one that holds the lease, through a table on the target. Numbers
/// of requests begin anew with that table, so none is known without its run.
public final class Requests {
    private static final String ASK =
            """
            INSERT INTO lockstep.request (run, command, arguments, asker_pid, asker_start)
            SELECT ?, ?, ?::jsonb, pid, backend_start
              FROM pg_stat_activity WHERE pid = pg_backend_pid()
            RETURNING id\
            """;
    private static final String OPEN =
            """
            SELECT r.id, r.command, r.arguments::text AS arguments, r.recalled
              FROM lockstep.request r
              JOIN pg_stat_activity a ON a.pid = r.asker_pid
               AND (a.backend_start = r.asker_start OR a.backend_start IS NULL)
             WHERE r.run = ? AND r.finished_at IS NULL AND r.claimed_at IS NULL ORDER BY r.id\
            """;
    private static final String HALF_DONE =
            """
            SELECT id, command, arguments::text AS arguments, recalled FROM lockstep.request
             WHERE run = ? AND claimed_at IS NOT NULL AND finished_at IS NULL ORDER BY id\
            """;
    private static final String CLAIM =
            """
            UPDATE lockstep.request SET claimed_at = now()
             WHERE run = ? AND id = ? AND claimed_at IS NULL AND finished_at IS NULL\
            """;
    private static final String ANSWER =
            """
            UPDATE lockstep.request SET finished_at = now(), outcome = ?::jsonb
             WHERE run = ? AND id = ? AND finished_at IS NULL\
            """;
    private static final String TAKE_BACK =
            """
            DELETE FROM lockstep.request
             WHERE run = ? AND id = ? AND claimed_at IS NULL AND finished_at IS NULL\
            """;
    private static final String RECALL =
            "UPDATE lockstep.request SET recalled = true WHERE run = ? AND id = ?";
    private static final String RECALLED =
            "SELECT recalled FROM lockstep.request WHERE run = ? AND id = ?";
    private static final String CLAIMED =
            "SELECT claimed_at FROM lockstep.request WHERE run = ? AND id = ?";
    private static final String FORGET = "DELETE FROM lockstep.request WHERE run = ? AND id = ?";
    private static final String OUTCOME =
            "SELECT outcome::text AS outcome FROM lockstep.request WHERE run = ? AND id = ?";

    private final Db target;
    private final String run;

    /// Something asked and not yet answered.
    ///
    /// @param recalled whether who asked wants it left, as far as that can still be
    public record Request(long id, String command, String arguments, boolean recalled) {}

    /// What came of a request.
    ///
    /// @param exit the exit code of the command
    /// @param text what it prints
    /// @param findings what a verification found besides rows
    public record Outcome(
            int exit,
            String text,
            @JsonInclude(JsonInclude.Include.NON_EMPTY) List<Finding> findings) {
        /// @param findings is null in the answer of an earlier version
        public Outcome {
            findings = List.copyOf(Objects.requireNonNullElse(findings, List.of()));
        }

        public Outcome(int exit, String text) {
            this(exit, text, List.of());
        }
    }

    public Requests(Db target, String run) {
        this.target = target;
        this.run = run;
    }

    /// Asks; what is asked counts as long as `session` is open.
    public long ask(Session session, String command, String arguments) {
        return session.row(ASK, row -> row.number("id"), run, command, arguments).orElseThrow();
    }

    /// Takes a request on, so that nobody else does; false where it is taken or over.
    public boolean claim(Request request) {
        return target.call(session -> session.update(CLAIM, run, request.id()) == 1);
    }

    /// What is asked by somebody who still waits, and is not taken on yet.
    public List<Request> open() {
        return requests(OPEN);
    }

    /// What was taken on and never answered. For the owner of the run, at nothing else.
    public List<Request> halfDone() {
        return requests(HALF_DONE);
    }

    private List<Request> requests(String which) {
        return target.call(session ->
                session.rows(
                        which,
                        row ->
                                new Request(
                                        row.number("id"),
                                        row.text("command"),
                                        row.text("arguments"),
                                        row.flag("recalled")),
                        run));
    }

    public void answer(long id, Outcome outcome) {
        target.tx(session -> session.update(ANSWER, Json.write(outcome), run, id));
    }

    /// Takes back what was asked; false where somebody has taken it on.
    public boolean takeBack(long id) {
        return target.call(session -> session.update(TAKE_BACK, run, id) == 1);
    }

    /// Wants what somebody has taken on to be left, as far as that can still be.
    public void recall(long id) {
        target.tx(session -> session.update(RECALL, run, id));
    }

    public boolean isRecalled(long id) {
        return target.call(session ->
                session.row(RECALLED, row -> row.flag("recalled"), run, id).orElse(false));
    }

    /// When it was taken on.
    public Optional<Instant> claimedAt(long id) {
        return target.call(session ->
                session.row(CLAIMED, row -> row.instant("claimed_at"), run, id).flatMap(at -> at));
    }

    /// Removes what was asked, of which all is known by now.
    public void forget(long id) {
        target.tx(session -> session.update(FORGET, run, id));
    }

    /// The answer, once there is one.
    public Optional<Outcome> outcome(Session session, long id) {
        return session.row(OUTCOME, row -> row.maybeText("outcome"), run, id)
                .flatMap(found -> found)
                .map(json -> Json.read(json, Outcome.class));
    }
}
