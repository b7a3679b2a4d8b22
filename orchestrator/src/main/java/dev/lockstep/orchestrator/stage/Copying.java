package dev.lockstep.orchestrator.stage;

import dev.lockstep.cdc.backfill.Backfill;
import dev.lockstep.cdc.backfill.BackfillSettings;
import dev.lockstep.cdc.backfill.TableProgress;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.plans.plan.Plan;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// The copy of the rows that are there when a run begins.
///
/// Thread rule: one thread copies; [#progress] may be asked from others.
public final class Copying {
    private final Run run;
    private volatile @Nullable Backfill backfill;
    private volatile List<TableProgress> copied = List.of();

    public Copying(Run run) {
        this.run = run;
    }

    /// Copies what is not copied yet, and returns how many rows that are in all.
    ///
    /// @param stop is asked between chunks; it may fail, too
    public long copy(Moved moved, BooleanSupplier stop) throws InterruptedException {
        Plan.Backfill how = run.plan().backfill();
        Backfill copying =
                new Backfill(
                        run.source(),
                        run.target(),
                        new BackfillSettings(
                                run.name(),
                                run.epoch(),
                                how.workers(),
                                how.chunkBytes(),
                                how.rowsPerSecond()),
                        moved.copies());
        backfill = copying;
        copying.plan();
        if (!copying.copyAll(stop)) {
            throw new InterruptedException("stopped while copying");
        }
        copied = copying.progress();
        backfill = null;
        return copied.stream().mapToLong(TableProgress::rowsCopied).sum();
    }

    /// How it is doing; as it was left where it is over.
    public List<TableProgress> progress() {
        Backfill copying = backfill;
        if (copying != null) {
            copied = copying.progress();
        }
        return copied;
    }
}
