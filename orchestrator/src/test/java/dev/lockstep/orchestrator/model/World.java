package dev.lockstep.orchestrator.model;

import dev.lockstep.orchestrator.run.History;
import dev.lockstep.orchestrator.run.RunEvent;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.LockstepException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Everything at one moment.
///
/// @param truth what all acknowledged writes come to
/// @param streams by number
/// @param epoch of the lease
/// @param broken what went wrong on the way here; empty where nothing did
record World(
        Database source,
        Database target,
        Database truth,
        List<Stream> streams,
        History history,
        int epoch,
        List<Proc> procs,
        Budget left,
        String broken) {
    World {
        streams = List.copyOf(streams);
        procs = List.copyOf(procs);
    }

    static Side activeOf(int stream) {
        return stream % 2 == 0 ? Side.SOURCE : Side.TARGET;
    }

    RunState state() {
        return history.state();
    }

    Database db(Side side) {
        return side == Side.SOURCE ? source : target;
    }

    World with(Side side, Database db) {
        return side == Side.SOURCE
                ? new World(db, target, truth, streams, history, epoch, procs, left, broken)
                : new World(source, db, truth, streams, history, epoch, procs, left, broken);
    }

    Stream stream(int number) {
        return number >= 0 && number < streams.size() ? streams.get(number) : Stream.NONE;
    }

    World with(int number, Stream stream) {
        List<Stream> now = new ArrayList<>(streams);
        while (now.size() <= number) {
            now.add(Stream.NONE);
        }
        now.set(number, stream);
        return new World(source, target, truth, now, history, epoch, procs, left, broken);
    }

    World with(Budget now) {
        return new World(source, target, truth, streams, history, epoch, procs, now, broken);
    }

    World broken(String how) {
        return new World(source, target, truth, streams, history, epoch, procs, left, how);
    }

    World written(Side side, Database.Write write) {
        Database said = truth.with(write);
        Database bare = new Database(said.a(), said.b(), false, List.of());
        return new World(source, target, bare, streams, history, epoch, procs, left, broken)
                .with(side, db(side).with(write));
    }

    /// With `now` in the place of the process of its epoch, or beside the others.
    World with(Proc now) {
        List<Proc> all = new ArrayList<>(procs);
        all.removeIf(p -> p.epoch() == now.epoch());
        all.add(now);
        all.sort((p, q) -> Integer.compare(p.epoch(), q.epoch()));
        return new World(source, target, truth, streams, history, epoch, all, left, broken);
    }

    World without(Proc gone) {
        List<Proc> rest = procs.stream().filter(p -> p.epoch() != gone.epoch()).toList();
        return new World(source, target, truth, streams, history, epoch, rest, left, broken);
    }

    /// With a new owner.
    World taken() {
        int next = epoch + 1;
        return new World(source, target, truth, streams, history, next, procs, left, broken)
                .with(Proc.starting(next));
    }

    boolean owns(Proc proc) {
        return proc.epoch() == epoch;
    }

    boolean isLocked(Side side) {
        return procs.stream().anyMatch(p -> p.locks(side));
    }

    boolean isLockedByOthers(Proc proc, Side side) {
        return procs.stream().anyMatch(p -> p.epoch() != proc.epoch() && p.locks(side));
    }

    /// With an event in the journal; empty where the machine refuses it.
    Optional<World> journaled(RunEvent event) {
        try {
            History next = history.after(event);
            return Optional.of(
                    new World(source, target, truth, streams, next, epoch, procs, left, broken));
        } catch (LockstepException e) {
            return Optional.empty();
        }
    }
}
