package dev.lockstep.cdc.model;

import dev.lockstep.cdc.apply.Puzzle.Whole;
import dev.lockstep.cdc.change.Change;
import dev.lockstep.testing.explore.Model.Next;
import java.util.ArrayList;
import java.util.List;

/// From the log to the standby, in the order of `Applier`.
final class Applying {
    private Applying() {}

    static void steps(Pipe pipe, Worker worker, LogFlaw flaw, Next<Pipe> next) {
        String who = "epoch %d: ".formatted(worker.epoch());
        if (!worker.reads()) {
            if (pipe.owns(worker)) {
                Worker reading = worker.reading(pipe.start(), pipe.start(), pipe.position());
                Pipe claimed = pipe.standby(pipe.standby(), pipe.position(), worker.epoch());
                next.to(who + "claims the position", claimed.with(reading));
            }
            return;
        }
        if (worker.from() < pipe.start() && worker.to() < pipe.start()) {
            // What it would read next was trimmed by who has replaced it.
            next.to(who + "loses its place", pipe.with(worker.reading(-1, -1, -1)));
            return;
        }
        if (worker.to() < pipe.end()) {
            Worker read = worker.reading(worker.from(), worker.to() + 1, worker.applied());
            next.to(who + "reads a record", pipe.with(read));
        }
        write(pipe, worker, flaw, next, who);
        if (pipe.owns(worker)) {
            int at = Reading.trimmable(pipe, worker, flaw);
            if (at > pipe.start()) {
                Pipe trimmed =
                        pipe.log(at, pipe.log().subList(at - pipe.start(), pipe.log().size()));
                next.to(who + "trims the log to " + at, trimmed.with(fromStart(worker, at)));
            }
        }
    }

    /// A reader that began before what was trimmed knows it; the model has it begin there anew.
    private static Worker fromStart(Worker worker, int start) {
        return worker.reading(start, Math.max(start, worker.to()), worker.applied());
    }

    private static void write(Pipe pipe, Worker worker, LogFlaw flaw, Next<Pipe> next, String who) {
        if (worker.owed() >= 0) {
            Worker paid = worker.reading(worker.from(), worker.to(), worker.owed());
            Pipe moved = pipe.standby(pipe.standby(), worker.owed(), pipe.epoch());
            next.to(who + "writes the position", moved.with(paid));
            return;
        }
        if (worker.from() < pipe.start()) {
            return;
        }
        Reading.Pending pending =
                Reading.pending(pipe, worker.from(), worker.to(), worker.applied(), flaw);
        if (pending.gap()) {
            next.to(who + "misses a transaction", pipe.toldOf());
        }
        List<Change> changes = new ArrayList<>();
        for (Whole whole : pending.wholes()) {
            changes.addAll(whole.changes());
            batch(pipe, worker, changes, (int) whole.commit().end().value(), flaw, next);
        }
        if (flaw == LogFlaw.TORN_WRITTEN && !pending.torn().isEmpty()) {
            changes.addAll(pending.torn());
            batch(pipe, worker, changes, worker.applied(), flaw, next);
        }
    }

    /// Rows and position in one transaction, under the epoch and from where the position was.
    private static void batch(
            Pipe pipe,
            Worker worker,
            List<Change> changes,
            int end,
            LogFlaw flaw,
            Next<Pipe> next) {
        String step = "epoch %d: writes up to %d".formatted(worker.epoch(), end);
        boolean own = pipe.epoch() == worker.epoch() && pipe.position() == worker.applied();
        if (!own && flaw != LogFlaw.ANYBODY_WRITES) {
            next.to(step + " in vain", pipe.with(worker.reading(-1, -1, -1)));
            return;
        }
        Rows.Batch batch = pipe.standby().written(changes, 0, true);
        if (!batch.fits()) {
            next.to(step, pipe.broken(LogModel.FITS));
        } else if (flaw == LogFlaw.POSITION_APART) {
            Pipe rows = pipe.standby(batch.rows(), pipe.position(), pipe.epoch());
            next.to(step, rows.with(worker.owes(end)));
        } else {
            Worker done = worker.reading(worker.from(), worker.to(), end);
            next.to(step, pipe.standby(batch.rows(), end, pipe.epoch()).with(done));
        }
    }
}
