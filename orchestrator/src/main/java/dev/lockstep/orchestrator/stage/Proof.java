package dev.lockstep.orchestrator.stage;

import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.catalog.CatalogMark;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.TablePair;
import java.util.List;
import java.util.Set;

/// What a switch goes by: both databases as they were when they were looked at before it. Under the
/// fence it is held against what there is then, since a change in between that no stream carries
/// would be seen nowhere else.
public final class Proof {
    private final Run run;
    private final Side active;
    private final Marks marks;
    private final Moved moved;
    private final List<TablePair> pairs;
    private final TablesState tables;

    /// Both catalogs at one moment; to be read before anything else that a proof is made of.
    public record Marks(CatalogMark active, CatalogMark standby) {
        public static Marks of(Run run, Side active) {
            return new Marks(
                    run.db(active).call(CatalogMark::of),
                    run.db(active.other()).call(CatalogMark::of));
        }
    }

    private Proof(Run run, Side active, Marks marks, Moved moved, TablesState tables) {
        this.run = run;
        this.active = active;
        this.marks = marks;
        this.moved = moved;
        this.pairs = moved.comparison(active);
        this.tables = tables;
    }

    /// Looks at the tables as they are now.
    ///
    /// @param moved what was read of both catalogs after `marks`
    public static Proof of(Run run, Side active, Marks marks, Moved moved) {
        TablesState tables = TablesState.of(run, active, moved.comparison(active));
        return new Proof(run, active, marks, moved, tables);
    }

    /// This one of the rows, with catalogs that were read again since.
    public Proof with(Marks later) {
        return new Proof(run, active, later, moved, tables);
    }

    /// Tells the tables from what any statement would make of them, as a verification does.
    public String form() {
        return tables.form(moved, active);
    }

    /// Fails where anything has come in between that no stream carries. A table that was truncated
    /// or rewritten is compared once more: the rows alone tell which of both it was.
    ///
    /// @param held sessions on both sides, where nobody writes and all is drained; the active's has
    ///   the tables locked, as another one could have to wait for who waits for these locks
    /// @param progress may fail, where it takes too long
    public void requireStill(SessionPair held, Progress progress) {
        Marks now = new Marks(CatalogMark.of(held.active()), CatalogMark.of(held.standby()));
        if (!now.equals(marks)) {
            throw changed("tables or columns were altered, added or dropped");
        }
        TablesState later = TablesState.of(held, pairs);
        if (!tables.isMeddledWithAsIn(later)) {
            throw changed("triggers or rules that fire for replicated changes came or went");
        }
        Set<TableName> rewritten = tables.changed(later, pairs);
        if (!rewritten.isEmpty()) {
            compare(held, rewritten, progress);
        }
    }

    private void compare(SessionPair held, Set<TableName> rewritten, Progress progress) {
        List<TablePair> again =
                pairs.stream().filter(pair -> rewritten.contains(pair.active().name())).toList();
        Verification.differences(run, held, again, progress)
                .ifPresent(found -> {
                    throw changed("a table was rewritten with other values: " + found);
                });
    }

    private static LockstepException changed(String what) {
        return new LockstepException(
                Fault.SWITCH_FAILED, what + ", since both sides were looked at; try again");
    }
}
