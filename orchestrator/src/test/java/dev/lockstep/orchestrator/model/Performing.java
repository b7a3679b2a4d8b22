package dev.lockstep.orchestrator.model;

import dev.lockstep.orchestrator.model.Proc.At;
import dev.lockstep.orchestrator.model.Proc.Tx;
import dev.lockstep.orchestrator.run.RunEvent;
import dev.lockstep.orchestrator.run.Side;
import java.util.List;
import java.util.Optional;

/// The steps of a switch, in the order in which `Switch.perform` takes them.
final class Performing {
    private static final RunEvent INTENDED = new RunEvent.SwitchIntended();
    private static final RunEvent SWITCHED = new RunEvent.Switched(0, "", List.of());

    private Performing() {}

    static void prepareRemove(Turn turn) {
        turn.removing(turn.proc().stream() + 1, turn.at(At.PREPARE));
    }

    static void prepare(Turn turn) {
        World to = turn.has(Flaw.REVERSE_SLOT_LATE) ? turn.world() : withSlot(turn);
        At then = turn.has(Flaw.DRAIN_BEFORE_FENCE) ? At.DRAIN : At.FENCE;
        turn.go("makes the next slot", to, turn.at(then));
    }

    private static World withSlot(Turn turn) {
        int number = turn.proc().stream() + 1;
        Stream stream = turn.world().stream(number);
        int end = turn.world().db(turn.proc().to()).end();
        return stream.slot() < 0 ? turn.world().with(number, stream.withSlot(end)) : turn.world();
    }

    static void fence(Turn turn) {
        Proc proc = turn.proc();
        if (!turn.world().isLocked(proc.from())) {
            Tx lock = turn.has(Flaw.NO_LOCK) ? Tx.BEGUN : Tx.LOCKED;
            At then = turn.has(Flaw.DRAIN_BEFORE_FENCE) ? At.HOLD : At.DRAIN;
            turn.go("fences", turn.world(), proc.fence(lock).at(then));
        }
    }

    static void drain(Turn turn) {
        World world = turn.world();
        Proc proc = turn.proc();
        Stream stream = world.stream(proc.stream());
        boolean drained =
                stream.position() == world.db(proc.from()).end()
                        && stream.epoch() == proc.epoch()
                        && proc.applying() == proc.stream();
        if (drained || turn.has(Flaw.NO_DRAIN)) {
            At then = turn.has(Flaw.DRAIN_BEFORE_FENCE) ? At.FENCE : At.HOLD;
            turn.go("has drained", world, turn.at(then));
        }
    }

    static void hold(Turn turn) {
        Proc proc = turn.proc();
        boolean fenceLeases = proc.from() == Side.TARGET;
        if (!turn.world().owns(proc) || (fenceLeases && proc.fence() == Tx.ENDED)) {
            fail(turn, "does not get the lease");
            return;
        }
        Proc holding = proc.opening(Tx.BEGUN).leased(true);
        turn.go("holds the lease", turn.world(), holding.at(At.START_AT));
    }

    static void startAt(Turn turn) {
        World to = turn.has(Flaw.REVERSE_POSITION_LATE) ? turn.world() : withPosition(turn);
        turn.go("says where the next stream begins", to, turn.at(At.ACCEPT));
    }

    private static World withPosition(Turn turn) {
        World world = turn.world();
        Proc proc = turn.proc();
        int number = proc.stream() + 1;
        Stream stream = world.stream(number);
        int at = turn.has(Flaw.REVERSE_FROM_SLOT) ? stream.slot() : world.db(proc.to()).end();
        boolean first = stream.position() < 0;
        boolean beats = stream.epoch() < proc.epoch() && !turn.has(Flaw.FIRST_POSITION_STAYS);
        return first || beats ? world.with(number, stream.withPosition(at, proc.epoch())) : world;
    }

    static void accept(Turn turn) {
        Proc proc = turn.proc();
        if (proc.opening() == Tx.ENDED) {
            fail(turn, "finds its transaction ended");
        } else if (!turn.world().isLockedByOthers(proc, proc.to())) {
            At then = turn.has(Flaw.INTENT_AFTER_DURABLE) ? At.DURABLE : At.INTEND;
            turn.go("disables triggers", turn.world(), proc.opening(Tx.LOCKED).at(then));
        }
    }

    static void intend(Turn turn) {
        Proc intending = turn.proc().intending(true);
        At then = At.DURABLE;
        if (turn.has(Flaw.INTENT_AFTER_DURABLE) || turn.has(Flaw.OPEN_BEFORE_DURABLE)) {
            then = At.OPEN;
        }
        Proc after = intending.at(then);
        turn.journal(turn.world(), INTENDED)
                .ifPresentOrElse(
                        to -> turn.go("journals SwitchIntended", to, after),
                        () -> fail(turn.with(intending), "does not get to journal"));
    }

    static void durable(Turn turn) {
        World world = turn.world();
        Proc proc = turn.proc();
        if (proc.fence() == Tx.ENDED) {
            fail(turn, "finds its fence ended");
            return;
        }
        World to = world.with(proc.from(), world.db(proc.from()).refusing(true));
        Proc after = proc.fence(Tx.NONE).leased(proc.leased() && proc.from() == Side.SOURCE);
        At then = turn.has(Flaw.OPEN_BEFORE_DURABLE) ? At.OUTCOME : At.OPEN;
        then = turn.has(Flaw.INTENT_AFTER_DURABLE) ? At.INTEND : then;
        turn.go("closes the old side", to, after.at(then));
    }

    static void open(Turn turn) {
        World world = turn.world();
        Proc proc = turn.proc();
        if (proc.opening() == Tx.ENDED) {
            fail(turn, "finds its transaction ended");
            return;
        }
        World to = world.with(proc.to(), world.db(proc.to()).refusing(false));
        Proc after = proc.opening(Tx.NONE).leased(proc.leased() && proc.from() == Side.TARGET);
        At then = turn.has(Flaw.OPEN_BEFORE_DURABLE) ? At.DURABLE : At.OUTCOME;
        turn.go("opens the new side", to, after.at(then));
    }

    static void outcome(Turn turn) {
        World world = turn.world();
        if (turn.has(Flaw.REVERSE_SLOT_LATE)) {
            world = withSlot(turn);
        } else if (turn.has(Flaw.REVERSE_POSITION_LATE)) {
            world = withPosition(turn);
        }
        Optional<World> to = turn.journal(world, SWITCHED);
        to.ifPresentOrElse(
                w -> turn.go("journals Switched", w, turn.at(At.TURN)),
                () -> fail(turn, "does not get to journal"));
    }

    /// The old stream ends before the next one writes.
    static void turn(Turn turn) {
        Proc proc = turn.proc();
        Proc then = proc.applying(-1).on(proc.stream() + 1, At.CLAIM);
        String step = "removes stream " + proc.stream();
        turn.remove(proc.stream())
                .ifPresentOrElse(to -> turn.go(step, to, then), () -> turn.end(step, turn.world()));
    }

    /// An error: the transactions end first, then it is found out how far the switch came.
    static void fail(Turn turn, String why) {
        turn.go(why, turn.world(), turn.proc().closed().at(At.SETTLE));
    }
}
