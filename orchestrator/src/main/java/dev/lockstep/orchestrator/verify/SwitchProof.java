package dev.lockstep.orchestrator.verify;

import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.TablePair;
import java.util.List;
import java.util.Set;

/// What a switch goes by: the tables of both sides as they were when they were looked at before
/// their rows were compared. Under the fence it is held against what there is then, since a change
/// in between that no stream carries would be seen nowhere else.
public final class SwitchProof {
    private final Run run;
    private final Side active;
    private final Moved moved;
    private final List<TablePair> pairs;
    private final TablesState tables;

    private SwitchProof(Run run, Side active, Moved moved, TablesState tables) {
        this.run = run;
        this.active = active;
        this.moved = moved;
        this.pairs = moved.comparison(active);
        this.tables = tables;
    }

    /// Looks at the tables as they are now.
    ///
    /// @param moved what was just read of both catalogs
    public static SwitchProof of(Run run, Side active, Moved moved) {
        return new SwitchProof(
                run, active, moved, TablesState.of(run, active, moved.comparison(active)));
    }

    /// Tells the tables from what any statement would make of them, as a verification does.
    public String form() {
        return tables.form(moved, active);
    }

    /// Tables that were truncated or rewritten since.
    public Set<TableName> rewritten(SwitchProof later) {
        return tables.changed(later.tables, pairs);
    }

    /// Fails where anything has come in between that no stream carries, which a verification since
    /// says nothing of.
    public void requireUnaltered(SwitchProof later) {
        requireUnaltered(later.tables);
    }

    private void requireUnaltered(TablesState later) {
        List<String> altered = tables.altered(later);
        if (!altered.isEmpty()) {
            throw new LockstepException(
                    Fault.SWITCH_FAILED,
                    String.join("; ", altered) + ", since the databases were compared; try again");
        }
    }

    /// As above, at a moment from which on nothing changes any more. A table that was truncated or
    /// rewritten is compared once more: the rows alone tell which of both it was.
    ///
    /// @param held sessions on both sides that keep them as they are; others might have to wait for
    ///   whoever waits for the locks of these
    /// @param progress may fail, where it takes too long
    public void requireStill(SessionPair held, Progress progress) {
        TablesState later = TablesState.of(held, pairs);
        requireUnaltered(later);
        Set<TableName> rewritten = tables.changed(later, pairs);
        if (rewritten.isEmpty()) {
            return;
        }
        List<TablePair> again =
                pairs.stream().filter(pair -> rewritten.contains(pair.active().name())).toList();
        Verification.differences(run, held, again, progress)
                .ifPresent(found -> {
                    throw new LockstepException(
                            Fault.DIFFERENT,
                            ("the sides differ in tables that have other files since they were"
                                            + " compared, %s")
                                    .formatted(found));
                });
    }
}
