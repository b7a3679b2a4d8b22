package dev.lockstep.orchestrator.run;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/// The append-only story of a run, kept on the target.
public final class Journal {
    private static final String READ =
            "SELECT seq, at, event, body::text AS body FROM lockstep.journal WHERE run = ? "
                    + "ORDER BY seq";
    private static final String APPEND =
            """
            INSERT INTO lockstep.journal (run, seq, epoch, event, body)
            SELECT ?, coalesce(max(seq), 0) + 1, ?, ?, ?::jsonb
              FROM lockstep.journal WHERE run = ?\
            """;

    private static final Map<String, Class<?>> EVENTS =
            Arrays.stream(RunEvent.class.getPermittedSubclasses())
                    .collect(Collectors.toMap(Class::getSimpleName, Function.identity()));

    private final Db target;
    private final String run;

    /// One line of the journal.
    public record Entry(long seq, Instant at, RunEvent event) {}

    public Journal(Db target, String run) {
        this.target = target;
        this.run = run;
    }

    /// Everything so far; nothing where Lockstep never was.
    public List<Entry> entries() {
        return target.call(this::entries);
    }

    private List<Entry> entries(Session session) {
        if (!OwnTables.haveJournal(session)) {
            return List.of();
        }
        return session.rows(
                READ,
                row ->
                        new Entry(
                                row.number("seq"),
                                row.instant("at").orElseThrow(),
                                event(row.text("event"), row.text("body"))),
                run);
    }

    /// What the entries come to.
    public History history() {
        return target.call(this::history);
    }

    /// As [#history()], in a session on the target.
    public History history(Session session) {
        History history = History.NEW;
        for (Entry entry : entries(session)) {
            history = history.after(entry.event());
        }
        return history;
    }

    /// Why the last switch after that moment was undone; empty where there was none, or it was not.
    public Optional<String> whyUndone(Instant since) {
        Optional<String> why = Optional.empty();
        for (Entry entry : entries()) {
            if (entry.at().isBefore(since)) {
                continue;
            }
            why =
                    switch (entry.event()) {
                        case RunEvent.SwitchUndone undone -> Optional.of(undone.reason());
                        case RunEvent.SwitchStarted _, RunEvent.Switched _ -> Optional.empty();
                        default -> why;
                    };
        }
        return why;
    }

    /// Stores what happened, if the owner of `epoch` still owns the run, and returns what is true
    /// then.
    public History append(long epoch, RunEvent event) {
        return append(epoch, history(), event, _ -> {});
    }

    /// As the other, after what is known: nobody but the owner of `epoch` may have stored anything
    /// since that was read.
    ///
    /// @param atMost how long a statement may take, but for the commit
    History append(long epoch, History before, RunEvent event, Duration atMost) {
        return append(epoch, before, event, session -> session.limit(atMost));
    }

    private History append(long epoch, History before, RunEvent event, Consumer<Session> first) {
        History next = before.after(event);
        target.tx(session -> {
            first.accept(session);
            Lease.hold(session, run, epoch);
            session.update(
                    APPEND, run, epoch, event.getClass().getSimpleName(), Json.write(event), run);
        });
        return next;
    }

    private static RunEvent event(String name, String body) {
        Class<?> type = EVENTS.get(name);
        if (type == null) {
            throw new LockstepException(
                    Fault.PRECONDITION,
                    "the journal has an event \"%s\" of a later version; use that version"
                            .formatted(name));
        }
        return (RunEvent) Json.read(body, type);
    }
}
