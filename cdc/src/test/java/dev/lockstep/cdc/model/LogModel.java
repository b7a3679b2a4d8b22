package dev.lockstep.cdc.model;

import dev.lockstep.cdc.model.Pipe.Left;
import dev.lockstep.cdc.model.Pipe.Rec;
import dev.lockstep.cdc.model.Worker.Tap;
import dev.lockstep.testing.explore.Model;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The changes of an exact stream on their way from the slot through the log to the standby, and
/// all that may die on the way.
///
/// @param writes how many transactions there are, in one order
record LogModel(int writes, Left left, LogFlaw flaw) implements Model<Pipe> {
    static final String EXACT = "the standby is a state of the active";
    static final String FITS = "every change fits";
    static final String KEPT = "what was confirmed is in the log or on the standby";
    static final String FALSE_ALARM = "nothing is missed that is there";

    @Override
    public Pipe start() {
        return new Pipe(
                0,
                0,
                0,
                List.of(),
                List.of(),
                Copy.FIRST,
                0,
                1,
                List.of(Worker.starting(1, 1)),
                left,
                false,
                false,
                "");
    }

    @Override
    public Optional<String> broken(Pipe pipe) {
        if (!pipe.broken().isEmpty()) {
            return Optional.of(pipe.broken());
        }
        if (!pipe.standby().equals(Pipe.active(pipe.position()))) {
            return Optional.of(EXACT);
        }
        boolean lost =
                !pipe.mayMiss()
                        && pipe.confirmed() > pipe.position()
                        && Reading.reach(pipe, flaw) < pipe.confirmed();
        return lost ? Optional.of(KEPT) : Optional.empty();
    }

    @Override
    public boolean isGoal(Pipe pipe) {
        return pipe.told() || pipe.position() == writes;
    }

    @Override
    public void steps(Pipe pipe, Next<Pipe> next) {
        if (pipe.told()) {
            return;
        }
        if (pipe.wal() < writes) {
            next.to("an application commits", pipe.written());
        }
        for (Worker worker : pipe.workers()) {
            Capturing.steps(pipe, worker, flaw, next);
            Applying.steps(pipe, worker, flaw, next);
        }
        network(pipe, next);
        fail(pipe, next);
    }

    /// The first record of each writer arrives, or never does. A writer that hears of a loss sends
    /// nothing more; what it has sent may still arrive.
    private static void network(Pipe pipe, Next<Pipe> next) {
        List<Rec> network = pipe.network();
        for (int i = 0; i < network.size(); i++) {
            Rec rec = network.get(i);
            boolean first =
                    network.subList(0, i).stream()
                            .noneMatch(
                                    r -> r.epoch() == rec.epoch() && r.attempt() == rec.attempt());
            if (!first) {
                continue;
            }
            List<Rec> rest = new ArrayList<>(network);
            rest.remove(i);
            Pipe less = pipe.network(rest);
            List<Rec> longer = new ArrayList<>(pipe.log());
            longer.add(rec);
            Pipe arrived = less.log(pipe.start(), longer);
            next.to("a record arrives: " + rec, acknowledged(arrived, rec));
            if (pipe.left().losses() > 0) {
                Pipe lost = less.left(pipe.left().lessLosses());
                next.to("a record is lost: " + rec, refused(lost, rec));
            }
        }
    }

    private static Pipe acknowledged(Pipe pipe, Rec rec) {
        return pipe.workers().stream()
                .filter(w -> rec.isOf(w) && w.tap() == Tap.OPEN)
                .findFirst()
                .map(w -> pipe.with(w.kept(Math.max(w.kept(), rec.upTo()))))
                .orElse(pipe);
    }

    private static Pipe refused(Pipe pipe, Rec rec) {
        return pipe.workers().stream()
                .filter(w -> rec.isOf(w) && w.tap() == Tap.OPEN)
                .findFirst()
                .map(w -> pipe.with(w.failed()))
                .orElse(pipe);
    }

    private static void fail(Pipe pipe, Next<Pipe> next) {
        Left left = pipe.left();
        Worker owner = pipe.workers().getLast();
        if (left.crashes() > 0 && !owner.equals(Worker.starting(owner.epoch(), owner.attempt()))) {
            Pipe less = pipe.left(left.lessCrashes());
            Worker fresh = Worker.starting(owner.epoch() + 1, 1);
            next.to("the process dies and another starts", less.workers(List.of(fresh)));
            boolean opens = owner.tap() == Tap.OPEN;
            if (opens || owner.reads()) {
                Worker replaced = opens ? owner : owner.failed();
                next.to("another takes over", less.workers(List.of(replaced, fresh)));
            }
        }
        if (pipe.workers().size() > 1) {
            next.to("the replaced one ends", pipe.workers(List.of(owner)));
        }
        if (left.setBacks() > 0) {
            setBack(pipe, next);
        } else if (pipe.mayMiss() && owner.attempt() == 1 && owner.tap() == Tap.OPEN) {
            // After that, a stream is opened anew at some time.
            next.to("the owner loses its connection", pipe.with(owner.failed()));
        }
    }

    /// The log loses its end, which it had acknowledged; or the standby is set back to what it was.
    private static void setBack(Pipe pipe, Next<Pipe> next) {
        for (int size = 0; size < pipe.log().size(); size++) {
            int end = pipe.start() + size;
            Pipe shorter = pipe.setBackOnce().log(pipe.start(), pipe.log().subList(0, size));
            next.to(
                    "the log is set back to " + end,
                    shorter.workers(
                            pipe.workers().stream()
                                    .map(w -> w.to() > end ? w.reading(-1, -1, -1) : w)
                                    .toList()));
        }
        for (int position = 0; position < pipe.position(); position++) {
            Pipe older = pipe.setBackOnce().standby(Pipe.active(position), position, pipe.epoch());
            next.to(
                    "the standby is set back to " + position,
                    older.workers(
                            pipe.workers().stream().map(w -> w.reading(-1, -1, -1)).toList()));
        }
    }
}
