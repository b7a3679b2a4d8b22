package dev.lockstep.orchestrator.model;

import dev.lockstep.orchestrator.model.Proc.At;
import dev.lockstep.orchestrator.run.RunEvent;
import dev.lockstep.testing.explore.Model.Next;
import java.util.Optional;

/// A process' turn to take its next step in a world.
///
/// @param mayStall whether a process may stall between its look at the lease and the removal of a
///   stream
record Turn(World world, Proc proc, Flaw flaw, boolean mayStall, Next<World> next) {
    Turn with(Proc other) {
        return new Turn(world, other, flaw, mayStall, next);
    }

    boolean has(Flaw other) {
        return flaw == other;
    }

    void go(String step, World to, Proc then) {
        next.to("epoch %d: %s".formatted(proc.epoch(), step), to.with(then));
    }

    /// The process ends, as it does where the lease is lost.
    void end(String step, World to) {
        next.to("epoch %d: %s, ends".formatted(proc.epoch(), step), to.without(proc));
    }

    boolean mayJournal() {
        return world.owns(proc) || has(Flaw.JOURNAL_WITHOUT_EPOCH);
    }

    /// What is true once `event` is journaled; empty where the lease or the state is another's.
    Optional<World> journal(World in, RunEvent event) {
        return mayJournal() ? in.journaled(event) : Optional.empty();
    }

    /// What is true once stream `number` is removed; empty where it is another's.
    Optional<World> remove(int number) {
        Stream stream = world.stream(number);
        if (!has(Flaw.REMOVE_WITHOUT_LEASE) && !has(Flaw.ANY_END_IS_SUCCESS)) {
            boolean later = stream.epoch() > proc.epoch();
            if (mayStall ? later : !world.owns(proc)) {
                return Optional.empty();
            }
        }
        return Optional.of(stream.equals(Stream.NONE) ? world : world.with(number, Stream.NONE));
    }

    /// Goes on at `then`, or ends where the stream is another's.
    void removing(int number, Proc then) {
        String step = "removes stream " + number;
        remove(number).ifPresentOrElse(to -> go(step, to, then), () -> end(step, world));
    }

    Proc at(At then) {
        return proc.at(then);
    }
}
