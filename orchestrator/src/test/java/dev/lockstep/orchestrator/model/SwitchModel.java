package dev.lockstep.orchestrator.model;

import dev.lockstep.orchestrator.model.Database.Write;
import dev.lockstep.orchestrator.model.Proc.At;
import dev.lockstep.orchestrator.model.Proc.Tx;
import dev.lockstep.orchestrator.run.History;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.testing.explore.Model;
import java.util.List;
import java.util.Optional;

/// Who may do something next: applications, processes, and what makes these fail.
///
/// @param budget what may happen in all
/// @param mayStall whether a process may stall between its look at the lease and the removal of a
///   stream; then a gap that is told by name is no break
record SwitchModel(Budget budget, Flaw flaw, boolean mayStall) implements Model<World> {
    /// Only where changes go in circles there are more.
    private static final int WRITES_MOST = 20;

    @Override
    public World start() {
        Database source = new Database(0, 0, false, List.of()).with(new Write(true, 1));
        Database truth = new Database(source.a(), source.b(), false, List.of());
        Database target = new Database(0, 0, false, List.of());
        return new World(source, target, truth, List.of(), History.NEW, 0, List.of(), budget, "");
    }

    @Override
    public Optional<String> broken(World world) {
        return Claims.broken(world).filter(claim -> !mayStall || !claim.equals(Claims.WAY_BACK));
    }

    private boolean isTold(World world) {
        return mayStall && world.broken().equals(Claims.WAY_BACK);
    }

    @Override
    public boolean isGoal(World world) {
        return isTold(world) || Claims.isWell(world);
    }

    @Override
    public void steps(World world, Next<World> next) {
        if (isTold(world) || world.source().end() + world.target().end() > WRITES_MOST) {
            return;
        }
        for (Side side : Side.values()) {
            write(world, side, next);
        }
        damage(world, next);
        if (world.procs().stream().noneMatch(world::owns)) {
            next.to("a process starts", world.taken());
        }
        for (Proc proc : world.procs()) {
            Turn turn = new Turn(world, proc, flaw, mayStall, next);
            step(turn);
            if (proc.applying() >= 0) {
                BringingUp.apply(turn);
            }
            fail(turn);
        }
    }

    /// An application writes where it is let.
    private void write(World world, Side side, Next<World> next) {
        Database db = world.db(side);
        boolean home = side == Side.SOURCE || !(world.state() instanceof RunState.Expanding);
        boolean started = side == Side.SOURCE || !(world.state() instanceof RunState.Planned);
        if (world.left().writes() > 0
                && home
                && started
                && !db.refusing()
                && !world.isLocked(side)) {
            World less = world.with(world.left().lessWrites());
            String label = "an application writes to the " + side.label();
            next.to(label + ": a", less.written(side, new Write(true, (db.a() + 1) % 3)));
            next.to(label + ": b", less.written(side, new Write(false, (db.b() + 1) % 3)));
        }
    }

    /// The standby gets a row that is not the active's, and a verification finds it, which is the
    /// first one or one that an operator asks for; or the row is mended.
    private void damage(World world, Next<World> next) {
        boolean early = world.state() instanceof RunState.Verifying;
        boolean inStep = world.state().equals(new InStep(Side.SOURCE, 0));
        if (!early && !inStep) {
            return;
        }
        Database target = world.target();
        int position = world.stream(0).position();
        if (world.left().damages() > 0 && BringingUp.isExact(world, 0)) {
            World less = world.with(world.left().lessDamages());
            World damaged =
                    less.with(Side.TARGET, target.with(new Write(true, (target.a() + 1) % 3)));
            if (early) {
                next.to("the standby is damaged", damaged);
            } else {
                damaged.journaled(BringingUp.verified(false))
                        .ifPresent(to -> next.to("the standby is damaged and that is found", to));
            }
        } else if (Claims.isDamaged(world) && !BringingUp.isExact(world, 0)) {
            World mended = world.with(Side.TARGET, target.copied(world.source().at(position)));
            next.to("the standby is repaired", mended);
        }
    }

    /// A process dies, loses a connection, or is taken for dead and goes on.
    private void fail(Turn turn) {
        World world = turn.world();
        Proc proc = turn.proc();
        boolean owns = world.owns(proc);
        if (owns && world.left().failures() == 0) {
            return;
        }
        World less = owns ? world.with(world.left().lessFailures()) : world;
        turn.end("dies", less);
        if (proc.fence() == Tx.LOCKED || proc.fence() == Tx.BEGUN) {
            Proc cut = proc.fence(Tx.ENDED);
            turn.go("loses its fence", less, endsLease(proc, true) ? cut.leased(false) : cut);
        }
        if (proc.opening() == Tx.LOCKED || proc.opening() == Tx.BEGUN) {
            Proc cut = proc.opening(Tx.ENDED);
            turn.go("loses its opening", less, endsLease(proc, false) ? cut.leased(false) : cut);
        }
        if (owns && (proc.at() != At.IDLE || proc.applying() >= 0)) {
            turn.next().to("another process takes over", less.with(evicted(proc)).taken());
        }
        if (!owns && isPerforming(proc)) {
            Performing.fail(turn, "gives up waiting");
        }
    }

    private static boolean isPerforming(Proc proc) {
        return proc.at().compareTo(At.FENCE) >= 0 && proc.at().compareTo(At.OUTCOME) <= 0;
    }

    /// Whether the lease's row is locked by the transaction that ends.
    private static boolean endsLease(Proc proc, boolean fence) {
        return proc.leased() && isPerforming(proc) && (proc.from() == Side.TARGET) == fence;
    }

    /// The transaction that has the lease's row locked is ended by who takes the run over; others
    /// may live on.
    private static Proc evicted(Proc proc) {
        if (!proc.leased()) {
            return proc;
        }
        Proc free = proc.leased(false);
        if (!isPerforming(proc)) {
            return free;
        }
        return proc.from() == Side.TARGET ? free.fence(Tx.ENDED) : free.opening(Tx.ENDED);
    }

    private static void step(Turn turn) {
        switch (turn.proc().at()) {
            case IDLE -> {
                if (turn.world().owns(turn.proc())) {
                    BringingUp.idle(turn);
                }
            }
            case EXPAND -> BringingUp.placeTriggers(turn);
            case REMOVE_BEFORE -> BringingUp.removeBefore(turn);
            case REMOVE_AFTER -> BringingUp.removeAfter(turn);
            case CAPTURE -> BringingUp.capture(turn);
            case CLAIM -> BringingUp.claim(turn);
            case PREPARE_REMOVE -> Performing.prepareRemove(turn);
            case PREPARE -> Performing.prepare(turn);
            case FENCE -> Performing.fence(turn);
            case DRAIN -> Performing.drain(turn);
            case HOLD -> Performing.hold(turn);
            case START_AT -> Performing.startAt(turn);
            case ACCEPT -> Performing.accept(turn);
            case INTEND -> Performing.intend(turn);
            case DURABLE -> Performing.durable(turn);
            case OPEN -> Performing.open(turn);
            case OUTCOME -> Performing.outcome(turn);
            case TURN -> Performing.turn(turn);
            case SETTLE -> Settling.settle(turn);
            case UNDO -> Settling.undo(turn);
            case REOPEN -> Settling.reopen(turn);
            case REOPEN_HOLD -> Settling.reopenHold(turn);
            case REOPEN_COMMIT -> Settling.reopenCommit(turn);
            case REOPEN_OUTCOME -> Settling.reopenOutcome(turn);
            case GIVE_UP -> Settling.giveUp(turn);
        }
    }
}
