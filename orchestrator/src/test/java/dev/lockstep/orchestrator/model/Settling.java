package dev.lockstep.orchestrator.model;

import dev.lockstep.orchestrator.model.Proc.At;
import dev.lockstep.orchestrator.model.Proc.Tx;
import dev.lockstep.orchestrator.run.RunEvent;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.RunState.Switching;
import java.util.List;

/// How a switch ends that failed, or that a dead process left: as `Switch.settle` and
/// `Switch.recover` have it.
final class Settling {
    private static final RunEvent UNDONE = new RunEvent.SwitchUndone("", 0);
    private static final RunEvent SWITCHED = new RunEvent.Switched(0, "", List.of());

    private Settling() {}

    /// Another process' switch, found in the journal.
    static void recover(Turn turn, Switching switching) {
        Proc proc = turn.proc().applying(-1).on(switching.stream(), At.SETTLE);
        turn.go("takes a switch up", turn.world(), proc.intending(switching.intended()));
    }

    static void settle(Turn turn) {
        World world = turn.world();
        Proc proc = turn.proc();
        if (world.state() instanceof InStep now) {
            boolean switched = now.stream() == proc.stream() + 1;
            if (switched || turn.has(Flaw.ANY_END_IS_SUCCESS)) {
                turn.go("finds the switch done", world, turn.at(At.TURN));
            } else if (now.stream() == proc.stream()) {
                turn.go("finds the switch undone", world, turn.at(At.GIVE_UP));
            } else {
                turn.end("finds later switches", world);
            }
        } else if (!proc.intended()) {
            turn.go("has not intended", world, turn.at(At.UNDO));
        } else {
            ask(turn);
        }
    }

    /// Under the fence's own lock, so that whoever may still place the triggers has ended.
    private static void ask(Turn turn) {
        World world = turn.world();
        Proc proc = turn.proc();
        boolean free = !world.isLockedByOthers(proc, proc.from());
        if (!free && !turn.has(Flaw.ASK_WITHOUT_LOCK)) {
            return;
        }
        boolean refuses = world.db(proc.from()).refusing();
        boolean forward = (refuses && !turn.has(Flaw.ALWAYS_BACK)) || turn.has(Flaw.ALWAYS_FORWARD);
        String answer = refuses ? "finds the old side closed" : "finds the old side open";
        turn.go(answer, world, turn.at(forward ? At.REOPEN : At.UNDO));
    }

    static void undo(Turn turn) {
        String step = "journals SwitchUndone";
        turn.journal(turn.world(), UNDONE)
                .ifPresentOrElse(
                        to -> turn.go(step, to, turn.at(At.GIVE_UP)),
                        () -> turn.end(step, turn.world()));
    }

    /// Removes what the switch made, and goes on as before.
    static void giveUp(Turn turn) {
        Proc then = turn.proc().applying(-1).at(At.IDLE);
        turn.removing(turn.proc().stream() + 1, then);
    }

    /// First the lock, then the look at the lease: who comes after this process waits for it.
    static void reopen(Turn turn) {
        World world = turn.world();
        Proc proc = turn.proc();
        if (turn.has(Flaw.LEASE_BEFORE_LOCK)) {
            hold(turn, turn.at(At.REOPEN_COMMIT));
        } else if (!world.db(proc.to()).refusing()) {
            turn.go("finds the new side open", world, proc.opening(Tx.BEGUN).at(At.REOPEN_HOLD));
        } else if (!world.isLockedByOthers(proc, proc.to())) {
            Proc locking = proc.opening(Tx.LOCKED).at(At.REOPEN_HOLD);
            turn.go("locks the new side", world, locking);
        }
    }

    static void reopenHold(Turn turn) {
        hold(turn, turn.at(At.REOPEN_COMMIT));
    }

    private static void hold(Turn turn, Proc then) {
        if (turn.world().owns(turn.proc())) {
            turn.go("holds the lease", turn.world(), then.leased(true));
        } else {
            turn.end("finds its lease lost", turn.world());
        }
    }

    static void reopenCommit(Turn turn) {
        World world = turn.world();
        Proc proc = turn.proc();
        boolean late = turn.has(Flaw.LEASE_BEFORE_LOCK);
        if (late ? world.isLockedByOthers(proc, proc.to()) : proc.opening() == Tx.ENDED) {
            if (!late) {
                turn.go("finds its transaction ended", world, proc.closed().at(At.SETTLE));
            }
            return;
        }
        boolean opens = late || proc.opening() == Tx.LOCKED;
        Database then = world.db(proc.to());
        World to = opens ? world.with(proc.to(), then.refusing(false)) : world;
        turn.go("commits on the new side", to, proc.closed().at(At.REOPEN_OUTCOME));
    }

    static void reopenOutcome(Turn turn) {
        String step = "journals Switched";
        turn.journal(turn.world(), SWITCHED)
                .ifPresentOrElse(
                        to -> turn.go(step, to, turn.proc().applying(-1).at(At.IDLE)),
                        () -> turn.end(step, turn.world()));
    }
}
