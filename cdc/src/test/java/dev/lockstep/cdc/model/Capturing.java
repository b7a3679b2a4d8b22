package dev.lockstep.cdc.model;

import dev.lockstep.cdc.model.Pipe.Rec;
import dev.lockstep.cdc.model.Pipe.Unit;
import dev.lockstep.cdc.model.Worker.Tap;
import dev.lockstep.testing.explore.Model.Next;
import java.util.ArrayList;
import java.util.List;

/// From the slot to the log, in the order of `Capture.start`, `RowTap` and `LogAppender`.
final class Capturing {
    static final int IN_FLIGHT_MOST = 2;

    private Capturing() {}

    static void steps(Pipe pipe, Worker worker, LogFlaw flaw, Next<Pipe> next) {
        String who = "epoch %d: ".formatted(worker.epoch());
        switch (worker.tap()) {
            case CLOSED -> ask(pipe, worker, flaw, next, who);
            case ASKED -> look(pipe, worker, flaw, next, who);
            case READY -> open(pipe, worker, next, who);
            case OPEN -> {
                take(pipe, worker, next, who);
                flush(pipe, worker, flaw, next, who);
                if (worker.kept() > pipe.confirmed()) {
                    next.to(who + "confirms " + worker.kept(), pipe.confirmed(worker.kept()));
                }
                if (!pipe.owns(worker)) {
                    next.to("the server lets the replaced one go", pipe.with(worker.failed()));
                }
            }
            case FAILED -> {
                if (pipe.owns(worker)) {
                    Worker again = Worker.starting(worker.epoch(), worker.attempt() + 1);
                    next.to(who + "opens the stream anew", pipe.with(again));
                }
            }
        }
    }

    /// First what the slot has confirmed, then what the log has: a predecessor may still be at
    /// work.
    private static void ask(Pipe pipe, Worker worker, LogFlaw flaw, Next<Pipe> next, String who) {
        if (!pipe.owns(worker)) {
            return;
        }
        if (flaw == LogFlaw.LOG_BEFORE_SLOT) {
            Worker asking = worker.asked(-1, known(pipe), Tap.ASKED);
            next.to(who + "looks at the log", pipe.with(asking));
        } else {
            Worker asking = worker.asked(pipe.confirmed(), -1, Tap.ASKED);
            next.to(who + "looks at the slot", pipe.with(asking));
        }
    }

    private static int known(Pipe pipe) {
        return Math.max(Reading.lastCommit(pipe), pipe.position());
    }

    private static void look(Pipe pipe, Worker worker, LogFlaw flaw, Next<Pipe> next, String who) {
        boolean late = flaw == LogFlaw.LOG_BEFORE_SLOT;
        int confirmed = late ? pipe.confirmed() : worker.asked();
        int known = late ? worker.known() : known(pipe);
        if (confirmed > known && flaw != LogFlaw.NO_LOOK_FOR_GAPS) {
            next.to(who + "misses something", pipe.toldOf());
        } else {
            next.to(who + "finds no gap", pipe.with(worker.asked(confirmed, known, Tap.READY)));
        }
    }

    /// A slot has one reader at a time.
    private static void open(Pipe pipe, Worker worker, Next<Pipe> next, String who) {
        if (pipe.owns(worker) && pipe.workers().stream().noneMatch(w -> w.tap() == Tap.OPEN)) {
            next.to(who + "reads the slot", pipe.with(worker.opened(pipe.confirmed())));
        }
    }

    private static void take(Pipe pipe, Worker worker, Next<Pipe> next, String who) {
        int of = worker.next();
        if (of >= pipe.wal() || worker.frame().size() >= pipe.left().frame()) {
            return;
        }
        int last = Math.max(worker.last(), of + 1 > worker.known() ? of + 1 : 0);
        if (worker.half()) {
            Unit rest = new Unit(of, 2, -1);
            next.to(who + "takes the rest of " + of, pipe.with(took(worker, rest, of + 1, last)));
            return;
        }
        Unit all = new Unit(of, 0, worker.last());
        next.to(who + "takes all of " + of, pipe.with(took(worker, all, of + 1, last)));
        if (Pipe.HISTORY.get(of).size() > 1) {
            Unit begin = new Unit(of, 1, worker.last());
            Worker half = took(worker, begin, of, worker.last());
            next.to(who + "takes half of " + of, pipe.with(half));
        }
    }

    private static Worker took(Worker worker, Unit unit, int then, int last) {
        List<Unit> frame = new ArrayList<>(worker.frame());
        frame.add(unit);
        return worker.taken(then, unit.part() == 1, last, List.copyOf(frame));
    }

    private static void flush(Pipe pipe, Worker worker, LogFlaw flaw, Next<Pipe> next, String who) {
        long inFlight = pipe.network().stream().filter(r -> r.isOf(worker)).count();
        if (worker.frame().isEmpty() || inFlight >= IN_FLIGHT_MOST) {
            return;
        }
        Rec rec = new Rec(worker.epoch(), worker.attempt(), worker.sent(), worker.frame());
        List<Rec> network = new ArrayList<>(pipe.network());
        network.add(rec);
        Worker flushed = worker.flushed();
        if (flaw == LogFlaw.CONFIRMED_WHEN_SENT) {
            flushed = flushed.kept(Math.max(worker.kept(), rec.upTo()));
        }
        next.to(who + "sends a record", pipe.network(network).with(flushed));
    }
}
