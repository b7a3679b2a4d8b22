package dev.lockstep.orchestrator.switching;

import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Drift;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Session;
import java.util.List;

/// Whether both sides have the tables that the run carries, and no others that a switch would leave
/// behind with their rows: one that is made when the tables were last looked at is in no
/// publication, has no trigger that refuses, and is locked by nobody. The rest of a table's form is
/// a matter of what the switch goes by.
final class SameTables {
    private final Run run;
    private final Moved moved;
    private final Side active;

    SameTables(Run run, Moved moved, Side active) {
        this.run = run;
        this.moved = moved;
        this.active = active;
    }

    /// Fails where they have not. Returns the target's tables that the source does not have, by
    /// their names.
    List<String> require(Session from, Session to) {
        Session source = active == Side.SOURCE ? from : to;
        Session target = active == Side.SOURCE ? to : from;
        Moved now = Moved.outline(run.plan(), source, target);
        Drift.requireSameTables(moved, now, active);
        return now.others().stream().map(TableName::toString).toList();
    }

    /// As the other; fails also where an active target has got tables since `others` was returned,
    /// which nobody would have moved.
    List<String> require(Session from, Session to, List<String> others) {
        List<String> now = require(from, to);
        if (active == Side.TARGET) {
            Drift.requireNoneLeftBehind(now, others);
        }
        return now;
    }
}
