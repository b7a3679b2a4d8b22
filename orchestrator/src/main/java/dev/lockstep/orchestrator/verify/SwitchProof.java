package dev.lockstep.orchestrator.verify;

import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.TablePair;
import dev.lockstep.validators.Verdict;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a switch goes by: the tables of both sides as they were when they were looked at before
/// their rows were compared. Under the fence it is held against what there is then, since a change
/// in between that no stream carries would be seen nowhere else, and what the stream has changed
/// since is compared.
///
/// Thread rule: one thread.
public final class SwitchProof {
    private static final Logger log = LoggerFactory.getLogger(SwitchProof.class);

    private final Run run;
    private final Side active;
    private final Moved moved;
    private final List<TablePair> pairs;
    private final TablesState tables;
    private final Optional<Late> late;
    private Optional<FinalCheck> finalCheck = Optional.empty();

    /// What the look under the fence took.
    ///
    /// @param rows how many of the active's rows were compared
    public record FinalCheck(long rows, double millis) {}

    private record Late(LateChanges changes, Predicate<Verified> accepts) {}

    private SwitchProof(
            Run run, Side active, Moved moved, TablesState tables, Optional<Late> late) {
        this.run = run;
        this.active = active;
        this.moved = moved;
        this.pairs = moved.comparison(active);
        this.tables = tables;
        this.late = late;
    }

    /// Looks at the tables as they are now.
    ///
    /// @param moved what was just read of both catalogs
    public static SwitchProof of(Run run, Side active, Moved moved) {
        return new SwitchProof(
                run,
                active,
                moved,
                TablesState.of(run, active, moved.comparison(active)),
                Optional.empty());
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

    /// This one, with what was changed since both sides were compared.
    ///
    /// @param accepts told what differs in the end; whether writes may move all the same
    public SwitchProof with(LateChanges changes, Predicate<Verified> accepts) {
        return new SwitchProof(run, active, moved, tables, Optional.of(new Late(changes, accepts)));
    }

    /// What came of the last look.
    public Optional<FinalCheck> finalCheck() {
        return finalCheck;
    }

    /// As above, at a moment from which on nothing changes any more. Then what was changed since
    /// both sides were compared is compared once more, and tables that were truncated or rewritten:
    /// the rows alone tell which of both it was.
    ///
    /// @param held sessions on both sides that keep them as they are; others might have to wait for
    ///   whoever waits for the locks of these
    /// @param progress may fail, where it takes too long
    public void requireStill(SessionPair held, Progress progress) {
        TablesState later = TablesState.of(held, pairs);
        requireUnaltered(later);
        Late known = late.orElseThrow();
        Set<TableName> rewritten = tables.changed(later, pairs);
        long start = System.nanoTime();
        Verdict verdict = known.changes().compareHeld(held, rewritten, progress);
        FinalCheck check = new FinalCheck(verdict.rows(), (System.nanoTime() - start) / 1e6);
        finalCheck = Optional.of(check);
        log.atDebug()
                .addKeyValue("rows", check.rows())
                .addKeyValue("tables", verdict.tables())
                .addKeyValue("millis", check.millis())
                .log("what changed last was compared");
        if (verdict instanceof Verdict.Mismatch found) {
            Verified verified = verified(found, known.changes().position());
            if (!known.accepts().test(verified)) {
                throw different(found, rewritten, verified.first());
            }
        }
    }

    private static LockstepException different(
            Verdict.Mismatch found, Set<TableName> rewritten, String first) {
        return new LockstepException(
                Fault.DIFFERENT,
                "the sides differ in %s since they were compared, %s"
                        .formatted(
                                rewritten.containsAll(found.byTable().keySet())
                                        ? "tables that have other files"
                                        : "rows that were changed",
                                first));
    }

    private Verified verified(Verdict.Mismatch found, String position) {
        String now = run.clock().instant().toString();
        return new Verified(
                false,
                false,
                found.tables(),
                found.rows(),
                found.differences(),
                Verification.described(found.shown(), found.byTable()),
                position,
                now,
                0,
                form(),
                now,
                List.of());
    }
}
