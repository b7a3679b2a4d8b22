package dev.lockstep.orchestrator.status;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.lockstep.cdc.backfill.TableProgress;
import dev.lockstep.cdc.capture.Slot;
import dev.lockstep.orchestrator.run.History;
import dev.lockstep.orchestrator.run.Journal;
import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.Note;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/// A run as anybody can see it, whether a process works on it or not: read from the target; where
/// nobody works on the run, the retained WAL from the active side; and what came to the standby
/// past its refusal from there. Its JSON form is what `status --json` prints.
///
/// @param changes as last noted
/// @param retainedWalBytes as last noted where the active side cannot be asked
/// @param lagMillis how far the standby is behind; null while no process carries changes
/// @param logBytes what the change log takes on the worker's disk, for people only
/// @param counted whether `changes` are those of the present stream, for people only
/// @param worker who works on the run, for people only
/// @param trouble what that process waits for to pass, for people only
/// @param doing what a command has that process do or wait for, for people only
public record Status(
        String migration,
        String state,
        boolean paused,
        @Nullable String active,
        @Nullable Long lagMillis,
        @Nullable Failure failure,
        List<CopiedTable> tables,
        Changes changes,
        long retainedWalBytes,
        @Nullable Verification lastVerification,
        @Nullable LastSwitch lastSwitch,
        List<Alarm> alarms,
        @JsonIgnore long logBytes,
        @JsonIgnore boolean counted,
        @JsonIgnore Optional<String> worker,
        @JsonIgnore Optional<String> trouble,
        @JsonIgnore Optional<String> doing) {

    /// What is known of a run beside its journal.
    private record Found(
            Optional<String> worker,
            Optional<Note.Found> note,
            List<CopiedTable> tables,
            OptionalLong retained,
            List<Alarm> alarms) {
        /// What the process that works on the run says now.
        private Optional<Note> fresh() {
            return worker.flatMap(_ -> note.filter(Note.Found::fresh)).map(Note.Found::note);
        }

        /// What ends carries no changes any more, and leaves no note.
        @Nullable Long lagMillis(RunState state) {
            return state instanceof RunState.Contracting || state instanceof RunState.Aborting
                    ? null
                    : fresh().map(Note::lagMillis).orElse(null);
        }

        Optional<String> trouble() {
            return fresh().map(Note::trouble);
        }

        Optional<String> doing() {
            return fresh().map(Note::doing);
        }

        Found withRetained(OptionalLong bytes) {
            return new Found(worker, note, tables, bytes, alarms);
        }

        /// Whether the changes of this stream are known.
        boolean counts(int stream) {
            return note.filter(found -> found.note().stream() == stream).isPresent();
        }

        long number(ToLongFunction<Note> which) {
            return note.map(found -> which.applyAsLong(found.note())).orElse(0L);
        }
    }

    /// What the run stopped with.
    public record Failure(String fault, String message) {}

    /// How far the copy of one table is; named as on the source.
    public record CopiedTable(
            String name, long rowsCopied, long rowsEstimated, int chunksDone, int chunksTotal) {}

    /// Row changes of the present stream.
    public record Changes(long captured, long applied) {}

    /// How the last verification ended: `match` or `mismatch`.
    ///
    /// @param more what it says for people only
    public record Verification(
            String verdict, String finishedAt, long differences, @JsonIgnore Verified more) {}

    /// The last switch. `pauseMillis` is null where the process died over it.
    public record LastSwitch(String from, String to, @Nullable Double pauseMillis, String at) {}

    /// Reads it.
    public static Status read(Db source, Db target, String run) {
        try (Session session = target.brief("status")) {
            Journal journal = new Journal(target, run);
            List<Alarm> unread =
                    Alarm.unread(journal.history(session).state(), session, source, run);
            // Those that a process has taken since are in the journal now.
            History history = journal.history(session);
            boolean known = OwnTables.exist(session);
            Optional<String> worker =
                    (known ? Lease.holder(session, run) : Optional.<Lease.Holder>empty())
                            .map(Lease.Holder::name);
            Optional<Note.Found> note = known ? Note.find(session, run) : Optional.empty();
            List<CopiedTable> tables = known ? tables(session, run) : List.of();
            Found found =
                    new Found(
                            worker, note, tables, OptionalLong.empty(), Alarm.all(history, unread));
            return of(
                    run,
                    history,
                    found.lagMillis(history.state()) != null || history.state().isFinal()
                            ? found
                            : found.withRetained(retained(history.state(), run, source, target)));
        }
    }

    /// The WAL that the active side keeps now; empty where it does not say.
    private static OptionalLong retained(RunState state, String run, Db source, Db target) {
        Optional<Side> active = state.activeSide();
        if (active.isEmpty()) {
            return OptionalLong.empty();
        }
        Db db = active.get() == Side.SOURCE ? source : target;
        try (Session session = db.brief("status")) {
            return OptionalLong.of(Slot.retainedBytes(session, run));
        } catch (LockstepException e) {
            return OptionalLong.empty();
        }
    }

    private static List<CopiedTable> tables(Session session, String run) {
        return TableProgress.read(session, run).stream()
                .map(t ->
                        new CopiedTable(
                                t.table().toString(),
                                t.rowsCopied(),
                                t.rowsEstimated(),
                                t.chunksDone(),
                                t.chunksTotal()))
                .toList();
    }

    private static Status of(String run, History history, Found found) {
        RunState state = history.state();
        return new Status(
                run,
                state.label(),
                false,
                state.activeSide().map(Side::label).orElse(null),
                found.lagMillis(state),
                state instanceof RunState.Failed(var _, String fault, String message)
                        ? new Failure(fault, message)
                        : null,
                found.tables(),
                new Changes(found.number(Note::captured), found.number(Note::applied)),
                found.retained().orElseGet(() -> found.number(Note::retainedWalBytes)),
                history.lastVerification()
                        .map(v -> new Verification(v.verdict(), v.finishedAt(), v.differences(), v))
                        .orElse(null),
                history.lastSwitch()
                        .map(s ->
                                new LastSwitch(
                                        s.from().label(),
                                        s.to().label(),
                                        s.pauseMillis() < 0 ? null : s.pauseMillis(),
                                        s.at()))
                        .orElse(null),
                found.alarms(),
                found.number(Note::logBytes),
                found.counts(state.stream()),
                found.worker(),
                found.trouble(),
                found.doing());
    }

    /// For people.
    ///
    /// @param now to tell how old things are
    public String text(Instant now) {
        return new StatusText(this, now).text();
    }
}
