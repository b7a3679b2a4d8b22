package dev.lockstep.orchestrator.status;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.lockstep.orchestrator.run.History;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.StrayNotes;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import java.util.ArrayList;
import java.util.List;

/// Something that came to the standby past its refusal, or may have. Told until the run ends.
///
/// @param verifiedSince whether all was compared since without a difference, for people only
public record Alarm(String at, String message, @JsonIgnore boolean verifiedSince) {
    /// Those of the journal.
    static List<Alarm> known(History history) {
        // Whatever touches the standby outdates the verification before it.
        boolean verifiedSince =
                history.lastVerification()
                        .filter(last -> last.isCurrent() && last.letsWritesMove())
                        .isPresent();
        return history.state().isFinal()
                ? List.of()
                : history.alarms().stream()
                        .map(alarm -> new Alarm(alarm.at(), alarm.what(), verifiedSince))
                        .toList();
    }

    /// Those, and what waits for somebody to work on the run.
    static List<Alarm> all(History history, Db source, Db target, String run) {
        List<Alarm> alarms = new ArrayList<>(known(history));
        if (history.state() instanceof InStep inStep) {
            Side standby = inStep.active().other();
            unread(standby, standby == Side.SOURCE ? source : target, run).stream()
                    .filter(stray ->
                            alarms.stream().noneMatch(a -> a.message.equals(stray.message)))
                    .forEach(alarms::add);
        }
        return alarms;
    }

    /// Nothing where that side does not say.
    private static List<Alarm> unread(Side standby, Db db, String run) {
        try (Session session = db.brief("status")) {
            if (!OwnTables.exist(session)) {
                return List.of();
            }
            return StrayNotes.found(session, run).stream()
                    .map(stray -> new Alarm(stray.at(), stray.text(standby), false))
                    .distinct()
                    .toList();
        } catch (LockstepException e) {
            return List.of();
        }
    }
}
