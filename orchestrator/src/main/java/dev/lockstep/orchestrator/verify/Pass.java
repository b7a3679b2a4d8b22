package dev.lockstep.orchestrator.verify;

import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.TablePair;
import dev.lockstep.validators.TableTotals;
import dev.lockstep.validators.rows.Checksums;
import dev.lockstep.validators.schema.Finding;
import dev.lockstep.validators.schema.SchemaChecks;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A verification of all tables, some at a time and each part at a cut of its own, so that no
/// snapshot is held for long. It proves a table as of its own cut, and counts as from its first
/// one.
///
/// Thread rule: one thread at a time.
public final class Pass {
    /// How much the tables of one part take on disk, at most, where there is more than one.
    private static final long PART_BYTES = 32L << 20;

    private static final String SIZE = "SELECT coalesce(pg_table_size(to_regclass(?)), 0)";

    private final Run run;
    private final Moved moved;
    private final Side active;
    private final Deque<TablePair> left;
    private final Instant begunAt;
    private final List<TableTotals> totals = new ArrayList<>();
    private Optional<TablesState> state = Optional.empty();
    private Optional<Verified> sum = Optional.empty();

    public Pass(Run run, Moved moved, Side active) {
        this.run = run;
        this.moved = moved;
        this.active = active;
        this.left = new ArrayDeque<>(moved.comparison(active));
        this.begunAt = run.clock().instant();
    }

    public Side active() {
        return active;
    }

    public Instant begunAt() {
        return begunAt;
    }

    /// Compares the next tables. What comes of it says something once there is a difference, or
    /// nothing is left; empty until then.
    public Optional<Verification.Result> next(Verification verification)
            throws InterruptedException {
        if (state.isEmpty()) {
            state = Optional.of(TablesState.of(run, active, List.copyOf(left)));
        }
        List<TablePair> part = part();
        boolean isLast = part.size() == left.size();
        OtherChecks others = OtherChecks.of(run, moved, active, List.of());
        List<Finding> besides = new ArrayList<>();
        Verification.Found found =
                verification.find(
                        active,
                        part,
                        Checksums.Shown.USUAL,
                        sides -> {
                            if (isLast) {
                                besides.addAll(others.orphans(sides, Progress.NONE));
                            }
                        });
        left.removeAll(part);
        state = state.map(before -> before.with(found.state()));
        Verified verified = found.result().verified();
        if (!verified.match()) {
            return Optional.of(found.result());
        }
        totals.addAll(found.result().totals());
        sum = Optional.of(sum.map(before -> and(before, verified)).orElse(verified));
        if (!isLast) {
            return Optional.empty();
        }
        besides.addAll(others.catalogs());
        return sum.map(all -> result(all, SchemaChecks.sorted(besides)));
    }

    private Verification.Result result(Verified all, List<Finding> besides) {
        return new Verification.Result(
                whole(all, OtherChecks.errors(besides)), Map.of(), List.of(), totals, besides);
    }

    private List<TablePair> part() {
        List<TablePair> part = new ArrayList<>();
        try (Session session = run.db(active).brief("verify")) {
            long bytes = 0;
            for (TablePair pair : left) {
                bytes += session.number(SIZE, pair.active().name().sql());
                if (!part.isEmpty() && bytes > PART_BYTES) {
                    break;
                }
                part.add(pair);
            }
        }
        return part;
    }

    /// Both of them, which are clean, as of the earlier cut.
    private static Verified and(Verified a, Verified b) {
        return new Verified(
                true,
                b.counted(),
                a.tables() + b.tables(),
                a.rows() + b.rows(),
                0,
                "",
                Lsn.parse(a.cut()).isAfter(Lsn.parse(b.cut())) ? b.cut() : a.cut(),
                a.asOf(),
                Math.max(a.heldMillis(), b.heldMillis()),
                b.form(),
                a.finishedAt(),
                List.of());
    }

    /// It counts from its first part on.
    private Verified whole(Verified all, List<String> errors) {
        return new Verified(
                all.match(),
                all.counted(),
                all.tables(),
                all.rows(),
                all.differences(),
                all.first(),
                all.cut(),
                all.asOf(),
                all.heldMillis(),
                state.orElseThrow().form(moved, active),
                begunAt.toString(),
                errors);
    }
}
