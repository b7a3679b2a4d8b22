package dev.lockstep.orchestrator.model;

import dev.lockstep.orchestrator.model.Proc.At;
import dev.lockstep.orchestrator.run.RunEvent;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.Side;
import java.util.List;
import java.util.Optional;

/// What a process does until the run is in step, and while it is: as `Conductor` and `Flow` do.
final class BringingUp {
    private BringingUp() {}

    static RunEvent.Verified verified(boolean match) {
        return new RunEvent.Verified(
                match, false, 1, 1, match ? 0 : 1, "", "0/0", "", 0, "", "", List.of());
    }

    static void idle(Turn turn) {
        switch (turn.world().state()) {
            case RunState.Planned _ -> journal(turn, turn.world(), new RunEvent.Started());
            case RunState.Expanding _ -> expand(turn);
            case RunState.Copying _ -> copy(turn);
            case RunState.Verifying _ -> verify(turn);
            case InStep inStep -> inStep(turn, inStep);
            case RunState.Switching switching -> Settling.recover(turn, switching);
            default -> throw new AssertionError("not modelled: " + turn.world().state());
        }
    }

    private static void journal(Turn turn, World in, RunEvent event) {
        String step = "journals " + event.getClass().getSimpleName();
        turn.journal(in, event)
                .ifPresentOrElse(
                        to -> turn.go(step, to, turn.at(At.IDLE)), () -> turn.end(step, in));
    }

    private static void expand(Turn turn) {
        World world = turn.world();
        if (turn.has(Flaw.NO_REFUSAL_AT_FIRST) || world.target().refusing()) {
            journal(turn, world, new RunEvent.SchemaExpanded());
        } else {
            turn.go("is about to place the triggers", world, turn.at(At.EXPAND));
        }
    }

    /// The lease and the triggers are in one database, and so in one transaction.
    static void placeTriggers(Turn turn) {
        World world = turn.world();
        if (world.owns(turn.proc()) || turn.has(Flaw.REFUSAL_WITHOUT_LEASE)) {
            World to = world.with(Side.TARGET, world.target().refusing(true));
            turn.go("places the target's triggers", to, turn.at(At.IDLE));
        } else {
            turn.end("finds its lease lost", world);
        }
    }

    /// The copy and its end are a model of their own; here they are one step.
    private static void copy(Turn turn) {
        World world = turn.world();
        int end = world.source().end();
        World copied =
                world.with(Side.TARGET, world.target().copied(world.source()))
                        .with(0, new Stream(end, end, turn.proc().epoch()));
        Optional<World> to =
                turn.journal(copied, new RunEvent.Copied(0))
                        .flatMap(w -> turn.journal(w, new RunEvent.CaughtUp(0)));
        to.ifPresent(w -> turn.go("copies and catches up", w, turn.at(At.IDLE)));
    }

    private static void verify(Turn turn) {
        if (turn.proc().applying() < 0) {
            turn.go("resumes stream 0", turn.world(), turn.proc().on(0, At.CAPTURE));
            return;
        }
        boolean same = isExact(turn.world(), 0) || turn.has(Flaw.BLIND_VERIFICATION);
        journal(turn, turn.world(), verified(same));
    }

    /// Whether the standby is what the active was at the stream's position.
    static boolean isExact(World world, int number) {
        Side active = World.activeOf(number);
        return world.db(active.other()).holds(world.db(active).at(world.stream(number).position()));
    }

    private static void inStep(Turn turn, InStep inStep) {
        Proc proc = turn.proc();
        World world = turn.world();
        int stream = inStep.stream();
        if (proc.applying() != stream) {
            Proc closed = proc.applying(-1).on(stream, At.REMOVE_BEFORE);
            turn.go("resumes stream " + stream, world, closed);
            return;
        }
        if (world.left().switches() > 0) {
            askForSwitch(turn, inStep);
        }
    }

    private static void askForSwitch(Turn turn, InStep inStep) {
        World world = turn.world();
        boolean proven =
                world.history().lastVerification().filter(RunEvent.Verified::match).isPresent();
        if (!proven && !turn.has(Flaw.NO_PROOF)) {
            journal(turn, world, verified(isExact(world, inStep.stream())));
            return;
        }
        World asked = world.with(world.left().lessSwitches());
        RunEvent event = new RunEvent.SwitchStarted(inStep.active().other());
        turn.journal(proven ? asked : asked.broken(Claims.PROOF), event)
                .ifPresent(to ->
                        turn.go(
                                "starts to switch",
                                to,
                                turn.proc()
                                        .on(inStep.stream(), At.PREPARE_REMOVE)
                                        .intending(false)));
    }

    static void removeBefore(Turn turn) {
        turn.removing(turn.proc().stream() - 1, turn.at(At.REMOVE_AFTER));
    }

    static void removeAfter(Turn turn) {
        turn.removing(turn.proc().stream() + 1, turn.at(At.CAPTURE));
    }

    /// Makes what is missing of the stream, and looks for a gap.
    static void capture(Turn turn) {
        World world = turn.world();
        int number = turn.proc().stream();
        if (!world.owns(turn.proc()) && !turn.has(Flaw.CAPTURE_WITHOUT_LEASE)) {
            turn.end("finds its lease lost", world);
            return;
        }
        Stream stream = world.stream(number);
        if (stream.slot() < 0) {
            stream = stream.withSlot(world.db(World.activeOf(number)).end());
        }
        if (stream.position() < 0) {
            stream = stream.withPosition(stream.slot(), turn.proc().epoch());
        }
        boolean gap = stream.slot() > stream.position();
        World made = world.with(number, stream);
        if (gap && !world.owns(turn.proc())) {
            turn.end("finds a gap", made);
        } else {
            World to = gap ? made.broken(Claims.WAY_BACK) : made;
            turn.go("captures stream " + number, to, turn.at(At.CLAIM));
        }
    }

    /// Takes the stream's position over and begins to write.
    static void claim(Turn turn) {
        Proc proc = turn.proc();
        Stream stream = turn.world().stream(proc.stream());
        if (stream.position() < 0 || stream.epoch() > proc.epoch()) {
            turn.end("does not get stream " + proc.stream(), turn.world());
            return;
        }
        World to =
                turn.world()
                        .with(proc.stream(), stream.withPosition(stream.position(), proc.epoch()));
        Proc applying = proc.applying(proc.stream()).at(At.IDLE);
        turn.go("applies stream " + proc.stream(), to, applying);
    }

    /// Writes the next change of its stream to the standby.
    static void apply(Turn turn) {
        World world = turn.world();
        int number = turn.proc().applying();
        Side active = World.activeOf(number);
        Stream stream = world.stream(number);
        boolean flows = stream.slot() >= 0 && stream.slot() <= stream.position();
        if (flows
                && stream.epoch() == turn.proc().epoch()
                && stream.position() < world.db(active).end()
                && !world.isLocked(active.other())) {
            Database.Write write = world.db(active).wal().get(stream.position());
            World to =
                    world.with(active.other(), world.db(active.other()).with(write))
                            .with(
                                    number,
                                    stream.withPosition(
                                            stream.position() + 1, turn.proc().epoch()));
            turn.go("applies a change of stream " + number, to, turn.proc());
        }
        if (!flows && world.owns(turn.proc()) && turn.proc().at() == At.IDLE) {
            turn.go("finds stream " + number + " broken", world, turn.proc().applying(-1));
        }
    }
}
