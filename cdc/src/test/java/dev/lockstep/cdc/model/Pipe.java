package dev.lockstep.cdc.model;

import dev.lockstep.cdc.model.Rows.Op;
import dev.lockstep.cdc.model.Rows.Op.Kind;
import java.util.ArrayList;
import java.util.List;

/// Everything between slot and standby at one moment.
///
/// @param wal how many transactions the active has committed; a position counts them
/// @param confirmed up to where the slot was told that all is safe
/// @param start the offset of the first record that was not trimmed
/// @param network records on their way, each writer's in order
/// @param epoch of the position
/// @param mayMiss whether something may rightly be missed, since log or standby were set back
/// @param told whether a fault says that something is missing
record Pipe(
        int wal,
        int confirmed,
        int start,
        List<Rec> log,
        List<Rec> network,
        Rows standby,
        int position,
        int epoch,
        List<Worker> workers,
        Left left,
        boolean mayMiss,
        boolean told,
        String broken) {
    /// What applications commit, one after the other.
    static final List<List<Op>> HISTORY =
            List.of(
                    List.of(new Op(Kind.UPDATE, 0, 3, false), new Op(Kind.INSERT, 1, 1, true)),
                    List.of(new Op(Kind.UPDATE, 1, 4, true)),
                    List.of(new Op(Kind.DELETE, 0, 0, false), new Op(Kind.UPDATE, 1, 1, true)));

    Pipe {
        log = List.copyOf(log);
        network = List.copyOf(network);
        workers = List.copyOf(workers);
    }

    /// A record of the log: who wrote it, its number among his, what is in it.
    record Rec(int epoch, int attempt, int number, List<Unit> units) {
        boolean isOf(Worker worker) {
            return epoch == worker.epoch() && attempt == worker.attempt();
        }

        /// The last commit in it, 0 where there is none.
        int upTo() {
            return units.stream()
                    .filter(u -> u.part() != 1)
                    .mapToInt(u -> u.of() + 1)
                    .max()
                    .orElse(0);
        }
    }

    /// A transaction or half of one.
    ///
    /// @param part 0 for all, 1 for what comes before its last change, 2 for the rest
    /// @param after the commit before it, as far as the writer knew
    record Unit(int of, int part, int after) {}

    /// What may still happen.
    ///
    /// @param frame how many transactions, or halves, a record holds at most
    record Left(int frame, int crashes, int losses, int setBacks) {
        Left lessCrashes() {
            return new Left(frame, crashes - 1, losses, setBacks);
        }

        Left lessLosses() {
            return new Left(frame, crashes, losses - 1, setBacks);
        }

        Left lessSetBacks() {
            return new Left(frame, crashes, losses, setBacks - 1);
        }
    }

    static Rows active(int count) {
        Rows rows = Copy.FIRST;
        for (List<Op> transaction : HISTORY.subList(0, count)) {
            rows = rows.after(transaction);
        }
        return rows;
    }

    int end() {
        return start + log.size();
    }

    /// The highest epoch is the owner's.
    boolean owns(Worker worker) {
        return workers.stream().allMatch(w -> w.epoch() <= worker.epoch());
    }

    Pipe written() {
        return new Pipe(
                wal + 1, confirmed, start, log, network, standby, position, epoch, workers, left,
                mayMiss, told, broken);
    }

    Pipe confirmed(int now) {
        return new Pipe(
                wal, now, start, log, network, standby, position, epoch, workers, left, mayMiss,
                told, broken);
    }

    Pipe log(int from, List<Rec> now) {
        return new Pipe(
                wal, confirmed, from, now, network, standby, position, epoch, workers, left,
                mayMiss, told, broken);
    }

    Pipe network(List<Rec> now) {
        return new Pipe(
                wal, confirmed, start, log, now, standby, position, epoch, workers, left, mayMiss,
                told, broken);
    }

    Pipe standby(Rows rows, int at, int of) {
        return new Pipe(
                wal, confirmed, start, log, network, rows, at, of, workers, left, mayMiss, told,
                broken);
    }

    Pipe left(Left now) {
        return new Pipe(
                wal, confirmed, start, log, network, standby, position, epoch, workers, now,
                mayMiss, told, broken);
    }

    Pipe setBackOnce() {
        Left less = left.lessSetBacks();
        return new Pipe(
                wal, confirmed, start, log, network, standby, position, epoch, workers, less, true,
                told, broken);
    }

    Pipe toldOf() {
        return new Pipe(
                wal,
                confirmed,
                start,
                log,
                network,
                standby,
                position,
                epoch,
                workers,
                left,
                mayMiss,
                true,
                mayMiss ? broken : LogModel.FALSE_ALARM);
    }

    Pipe broken(String how) {
        return new Pipe(
                wal, confirmed, start, log, network, standby, position, epoch, workers, left,
                mayMiss, told, how);
    }

    Pipe workers(List<Worker> now) {
        return new Pipe(
                wal, confirmed, start, log, network, standby, position, epoch, now, left, mayMiss,
                told, broken);
    }

    Pipe with(Worker now) {
        List<Worker> all = new ArrayList<>(workers);
        all.replaceAll(w -> w.epoch() == now.epoch() ? now : w);
        return workers(all);
    }
}
