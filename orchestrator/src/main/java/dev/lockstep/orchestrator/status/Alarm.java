package dev.lockstep.orchestrator.status;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.lockstep.orchestrator.run.History;
import dev.lockstep.orchestrator.run.RunState;
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
        List<Alarm> alarms = new ArrayList<>();
        history.alarms().forEach(a -> alarms.add(new Alarm(a.at(), a.what(), verifiedSince)));
        unread.stream()
                .filter(stray -> alarms.stream().noneMatch(a -> a.message.equals(stray.message)))
                .forEach(alarms::add);
        return alarms;
    }

    /// Those that no process has put into the journal yet; none where that side does not say.
    static List<Alarm> unread(RunState state, Session target, Db source, String run) {
        if (!(state.at() instanceof InStep(Side active, var _))) {
            return List.of();
        }
        if (active == Side.SOURCE) {
            return unread(Side.TARGET, target, run);
        }
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
                        .distinct()
                        .toList()
                : List.of();
    }
}
