package dev.lockstep.cdc.model;

import dev.lockstep.cdc.apply.Puzzle;
import dev.lockstep.cdc.apply.Puzzle.Whole;
import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.log.LogReader;
import dev.lockstep.cdc.log.LogText;
import dev.lockstep.cdc.model.Pipe.Rec;
import dev.lockstep.cdc.model.Pipe.Unit;
import dev.lockstep.cdc.model.Rows.Op;
import dev.lockstep.plans.sql.Lsn;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// What a reader makes of a log, in the real records' own bytes.
final class Reading {
    private static final Map<Rec, byte[]> BYTES = new ConcurrentHashMap<>();

    private Reading() {}

    /// What there is to be written, after what the standby has.
    ///
    /// @param gap whether a transaction follows one that is not there
    record Pending(List<Whole> wholes, List<Change> torn, boolean gap) {}

    /// Keeps the last commit.
    private record Commits(AtomicInteger last) implements LogReader.Sink {
        @Override
        public void onTorn() {}

        @Override
        public void onChange(long offset, Change change) {
            if (change instanceof Change.Commit commit) {
                last.set((int) commit.end().value());
            }
        }
    }

    private static byte[] bytes(Rec rec) {
        return BYTES.computeIfAbsent(
                rec,
                r -> {
                    List<Change> changes = new ArrayList<>();
                    r.units().forEach(unit -> add(unit, changes));
                    return LogText.record(r.epoch(), r.attempt(), r.number(), changes);
                });
    }

    private static void add(Unit unit, List<Change> changes) {
        List<Op> ops = Pipe.HISTORY.get(unit.of());
        int last = ops.size() - 1;
        if (unit.part() != 2) {
            changes.add(new Change.Begin(new Lsn(unit.after())));
            ops.subList(0, last).forEach(op -> changes.add(op.change()));
        }
        if (unit.part() != 1) {
            changes.add(ops.get(last).change());
            changes.add(new Change.Commit(new Lsn(unit.of() + 1), Instant.EPOCH, 0));
        }
    }

    private static List<byte[]> records(Pipe pipe, int from, int to) {
        return pipe.log().subList(from - pipe.start(), to - pipe.start()).stream()
                .map(Reading::bytes)
                .toList();
    }

    private static Puzzle puzzle(Pipe pipe, int from, int to, LogFlaw flaw) {
        List<byte[]> records = records(pipe, from, to);
        Puzzle puzzle = new Puzzle();
        if (flaw == LogFlaw.READ_ANYHOW) {
            LogText.readAnyhow(from, records, puzzle);
        } else {
            LogText.read(from, records, puzzle);
        }
        return puzzle;
    }

    /// As `Applier.finish` has it: what is there is passed over, what does not follow is a fault.
    static Pending pending(Pipe pipe, int from, int to, int applied, LogFlaw flaw) {
        Puzzle puzzle = puzzle(pipe, from, to, flaw);
        Lsn end = new Lsn(applied);
        List<Whole> wanted = new ArrayList<>();
        for (Whole whole : puzzle.wholes()) {
            if (!whole.commit().end().isAfter(end) && flaw != LogFlaw.TWICE) {
                continue;
            }
            boolean looks = flaw != LogFlaw.NO_LOOK_FOR_GAPS && flaw != LogFlaw.NO_LOOK_BETWEEN;
            if (looks && whole.after().isAfter(end)) {
                return new Pending(wanted, List.of(), true);
            }
            wanted.add(whole);
            end = whole.commit().end();
        }
        return new Pending(wanted, puzzle.torn(), false);
    }

    /// As `ChangeLog.lastCommit` has it: first as far back as records behind a gap cannot be alone.
    static int lastCommit(Pipe pipe) {
        int end = pipe.end();
        int from = end;
        for (int back = 2 * Capturing.IN_FLIGHT_MOST; from > pipe.start(); back *= 2) {
            from = Math.max(pipe.start(), end - back);
            AtomicInteger last = new AtomicInteger();
            LogText.read(from, records(pipe, from, end), new Commits(last));
            if (last.get() > 0) {
                return last.get();
            }
        }
        return 0;
    }

    /// Up to where a reader that starts now comes.
    static int reach(Pipe pipe, LogFlaw flaw) {
        Pending pending = pending(pipe, pipe.start(), pipe.end(), pipe.position(), flaw);
        return pending.wholes().isEmpty()
                ? pipe.position()
                : (int) pending.wholes().getLast().commit().end().value();
    }

    /// Up to where nothing is needed any more: the record of the last transaction that was written,
    /// or of the one that is open where no other is left to be.
    static int trimmable(Pipe pipe, Worker worker, LogFlaw flaw) {
        int most = flaw == LogFlaw.TRIMMED_WHEN_READ ? Pipe.HISTORY.size() : worker.applied();
        Puzzle puzzle = puzzle(pipe, worker.from(), worker.to(), flaw);
        Lsn end = Lsn.ZERO;
        int at = pipe.start();
        boolean left = false;
        for (Whole whole : puzzle.wholes()) {
            if (whole.commit().end().isAfter(end)) {
                end = whole.commit().end();
                left = end.value() > most;
                at = left ? at : (int) whole.offset();
            }
        }
        return left ? at : Math.max(at, puzzle.tornAt());
    }
}
