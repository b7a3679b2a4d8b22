package dev.lockstep.orchestrator.status;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.lockstep.orchestrator.run.History;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.StrayNotes;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Something that came to the standby past its refusal, or may have. Told until the run ends.
///
/// @param verifiedSince whether all was compared since without a difference, for people only
public record Alarm(String at, String message, @JsonIgnore boolean verifiedSince) {
    /// Those of the journal, and those that wait for somebody to work on the run.
    static List<Alarm> all(History history, List<Alarm> unread) {
        if (history.state().isFinal()) {
            return List.of();
        }
        // Whatever touches the standby outdates the verification before it.
        boolean verifiedSince =
                unread.isEmpty()
                        && history.lastVerification()
                                .filter(last -> last.isCurrent() && last.letsWritesMove())
                                .isPresent();
        Map<String, Alarm> alarms = new LinkedHashMap<>();
        history.alarms()
                .forEach(a -> alarms.put(a.what(), new Alarm(a.at(), a.what(), verifiedSince)));
        unread.forEach(alarm -> alarms.putIfAbsent(alarm.message, alarm));
        return List.copyOf(alarms.values());
    }

    /// Those that no process has put into the journal yet; none where the source does not say.
    static List<Alarm> unread(RunState state, Session target, Db source, String run) {
        return state.standby()
                .map(standby ->
                        standby == Side.TARGET
                                ? unread(standby, target, run)
                                : unreadOn(source, run))
                .orElse(List.of());
    }

    private static List<Alarm> unreadOn(Db source, String run) {
        try (Session session = source.brief("status")) {
            return unread(Side.SOURCE, session, run);
        } catch (LockstepException e) {
            return List.of();
        }
    }

    private static List<Alarm> unread(Side standby, Session session, String run) {
        return OwnTables.exist(session)
                ? StrayNotes.found(session, run).stream()
                        .map(stray -> new Alarm(stray.at(), stray.text(standby), false))
                        .toList()
                : List.of();
    }
}
