package dev.lockstep.orchestrator.verify;

import dev.lockstep.cdc.Replication;
import dev.lockstep.cdc.recent.Changed;
import dev.lockstep.cdc.recent.Changed.OfTable;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.NamedRows;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.Sides;
import dev.lockstep.validators.TablePair;
import dev.lockstep.validators.Verdict;
import dev.lockstep.validators.rows.Checksums;
import dev.lockstep.validators.rows.Prepared;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What the stream has changed since both sides were compared. It is compared again, by its keys,
/// whatever the plan's method is: once at a cut, and what little comes after that under the fence.
///
/// A table of which the rows are not known is compared as a whole. One without a key is so only at
/// a cut, and not under the fence: there its rows are those that the applier met, one by one.
///
/// Thread rule: one thread.
public final class LateChanges {
    /// So many rows are compared under the fence without anybody noticing.
    private static final long FEW = 2_000;

    /// Each takes some questions to both catalogs, while writes still go on.
    private static final int PREPARED_MAX = 100;

    private static final Duration FEW_CUT_MAX = Duration.ofSeconds(5);

    /// For these no cut is made just before the fence: meanwhile as many come.
    private static final long VERY_FEW = 200;

    private final Run run;
    private final Moved moved;
    private final Side active;
    private final Replication stream;
    private final List<TablePair> pairs;
    private Lsn comparedUpTo;
    private boolean keylessLeftOut;
    private Optional<Prepared> prepared = Optional.empty();

    /// @param comparedUpTo the position of the cut at which both sides were compared
    public LateChanges(Run run, Moved moved, Side active, Replication stream, Lsn comparedUpTo) {
        this.run = run;
        this.moved = moved;
        this.active = active;
        this.stream = stream;
        this.pairs = moved.comparison(active);
        this.comparedUpTo = comparedUpTo;
    }

    /// Whose changes they are.
    public Side active() {
        return active;
    }

    /// Whether it is known what was changed; where it is not, all has to be compared.
    public boolean areKnown() {
        return changed().isPresent();
    }

    /// Whether there is nothing that a cut would have to be made for.
    public boolean areNone() {
        return changed()
                .map(all -> all.tables().values())
                .filter(all -> all.stream().allMatch(this::isLeftOut))
                .isPresent();
    }

    /// Whether they are few enough to be compared while writes are held.
    public boolean areFew() {
        return changed().filter(all -> all.rows() <= FEW && !all.hasWhole()).isPresent();
    }

    /// Whether comparing them before writes are held would spare hardly anything.
    public boolean areVeryFew() {
        return changed().filter(all -> all.rows() <= VERY_FEW && !all.hasWhole()).isPresent();
    }

    /// From now on tables without a key are not compared: reading one as a whole may take longer
    /// than anybody would hold writes for, or let others change meanwhile.
    public void leaveKeylessOut() {
        keylessLeftOut = true;
    }

    private boolean isLeftOut(OfTable table) {
        return keylessLeftOut && table instanceof OfTable.Keyless;
    }

    private Optional<Changed> changed() {
        return stream.recent().since(comparedUpTo);
    }

    /// Compares them at a cut of their own. What was changed before it is late no more.
    public Verification.Result compare(Progress progress) throws InterruptedException {
        Verification verification =
                new Verification(
                        run,
                        moved,
                        stream,
                        progress,
                        named -> sides -> validate(sides, progress, named, Set.of()),
                        areFew() ? FEW_CUT_MAX : Verification.CUT_MAX);
        Verification.Result result =
                verification.find(active, pairs, Checksums.Shown.USUAL, _ -> {}).result();
        comparedUpTo = Lsn.parse(result.verified().cut());
        leaveKeylessOut();
        return result;
    }

    /// @param besides tables that are compared as a whole in any case
    private Verdict validate(Sides sides, Progress progress, int named, Set<TableName> besides) {
        Changed all = changed().orElseThrow(LateChanges::unknown);
        Map<TableName, NamedRows> rows = new HashMap<>();
        Set<TableName> wanted = new HashSet<>(besides);
        all.tables()
                .forEach((name, table) -> {
                    if (table instanceof OfTable.Rows(var columns, var keys)
                            && !besides.contains(name)) {
                        rows.put(name, new NamedRows(columns, keys));
                    }
                    if (!isLeftOut(table)) {
                        wanted.add(name);
                    }
                });
        Checksums checksums = Verification.checksums(run, progress, named).narrowedTo(rows);
        List<TablePair> some =
                sides.tables().stream()
                        .filter(pair -> wanted.contains(pair.active().name()))
                        .toList();
        return prepared.map(checksums::with)
                .orElse(checksums)
                .validate(new Sides(some, sides.pairs()));
    }

    private static LockstepException unknown() {
        return new LockstepException(
                Fault.SWITCH_FAILED,
                "which rows were changed lately is not known any more; try again");
    }

    /// Has as many tables as may be ready for [#compareHeld], those first that were changed lately:
    /// they are what will be changed next.
    public void prepare() {
        Set<TableName> lately = changed().map(all -> all.tables().keySet()).orElse(Set.of());
        List<TablePair> some =
                pairs.stream()
                        .sorted(Comparator.comparing(p -> !lately.contains(p.active().name())))
                        .limit(PREPARED_MAX)
                        .toList();
        try (Session here = run.db(active).brief("verify");
                Session there = run.db(active.other()).brief("verify")) {
            prepared =
                    Optional.of(
                            Prepared.of(
                                    some,
                                    new SessionPair(here, there),
                                    run.plan().verify().mask()));
        }
    }

    /// Compares them while both sides hold still.
    ///
    /// @param held a session on each of them
    /// @param rewritten tables that are compared as a whole
    Verdict compareHeld(SessionPair held, Set<TableName> rewritten, Progress progress) {
        return validate(
                new Sides(pairs, List.of(held)), progress, Checksums.Shown.USUAL, rewritten);
    }

    /// Up to where the stream was read.
    String position() {
        return stream.recent().upTo().toString();
    }
}
