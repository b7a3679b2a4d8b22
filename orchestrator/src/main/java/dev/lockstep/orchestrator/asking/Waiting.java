package dev.lockstep.orchestrator.asking;

import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.Requests;
import dev.lockstep.orchestrator.run.Requests.Outcome;
import dev.lockstep.orchestrator.run.Stop;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.plans.fault.ExitCode;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/// From the asking to the answer, whoever gives that: processes that work on the run may come and
/// go meanwhile.
///
/// Thread rule: one thread.
final class Waiting {
    static final Duration POLL = Duration.ofMillis(100);

    private static final Duration GONE_AFTER = Duration.ofSeconds(5);
    private static final int ATTEMPTS_MAX = 5;

    /// Less than a process that is interrupted has.
    private static final Duration RECALL_MAX = Duration.ofSeconds(25);

    private final Asking asking;
    private final Db target;
    private final String run;
    private final Requests requests;
    private final Asked asked;
    private final Watcher watcher;
    private OptionalLong id = OptionalLong.empty();
    private Optional<String> worker = Optional.empty();

    /// @param asking knows who has the run, and does it where nobody has
    Waiting(Asking asking, Db target, String run, Asked asked, Watcher watcher) {
        this.asking = asking;
        this.target = target;
        this.run = run;
        this.requests = new Requests(target, run);
        this.asked = asked;
        this.watcher = watcher;
    }

    /// Who was asked last, if somebody was.
    Optional<String> worker() {
        return worker;
    }

    Outcome outcome() {
        try (Session session = target.session("ask")) {
            for (int attempt = 1; ; attempt++) {
                try {
                    Outcome outcome = asked(session).or(this::doneByTheDead).orElseGet(this::own);
                    forget();
                    return outcome;
                } catch (LockstepException e) {
                    if (e.fault() == Fault.WRONG_STATE && asking.isDone(asked)) {
                        forget();
                        return done();
                    }
                    if (attempt == ATTEMPTS_MAX || !isOvertaken(e)) {
                        throw e;
                    }
                }
            }
        }
    }

    /// Whether another process came first, which is asked in its turn or has ended the run.
    private static boolean isOvertaken(LockstepException e) {
        return e.fault() == Fault.NAME_IN_USE || OwnTables.areRemoved(e);
    }

    private void forget() {
        try {
            id.ifPresent(requests::forget);
        } catch (LockstepException e) {
            // Nobody waits for that any more, and it goes with all others.
        }
    }

    /// The answer of the process that works on the run; empty where there is none, or none any
    /// more.
    private Optional<Outcome> asked(Session session) {
        try {
            awaitReturn(session);
            return answer(session);
        } catch (LockstepException e) {
            if (e.fault() != Fault.INTERRUPTED || id.isEmpty()) {
                throw e;
            }
            return Optional.of(recalled(session, id.getAsLong(), e));
        }
    }

    private Optional<Outcome> answer(Session session) {
        Optional<String> now = asking.worker();
        if (now.isEmpty()) {
            return id.isPresent() ? requests.outcome(session, id.getAsLong()) : Optional.empty();
        }
        worker = now;
        Stop stop = asking.stop();
        if (id.isEmpty()) {
            id = OptionalLong.of(requests.ask(session, asked.command(), asked.arguments()));
        }
        long mine = id.getAsLong();
        Optional<Outcome> answer =
                await(session, mine, new Overhearing(session, run, watcher), stop);
        if (answer.isEmpty() && requests.takeBack(mine)) {
            id = OptionalLong.empty();
        }
        return answer;
    }

    /// What comes of it although it was taken back, as the process that was asked says.
    private Outcome recalled(Session session, long mine, LockstepException interrupted) {
        boolean _ = Thread.interrupted();
        if (requests.takeBack(mine)) {
            throw takenBack("and nothing was done", interrupted);
        }
        requests.recall(mine);
        watcher.say("taking `%s` back, as far as it still can be".formatted(asked.command()));
        Stop rest = new Stop();
        for (long start = System.nanoTime(); System.nanoTime() - start < RECALL_MAX.toNanos(); ) {
            Optional<Outcome> answer = requests.outcome(session, mine);
            if (answer.isPresent()) {
                return answer.get();
            }
            rest.rest(POLL);
        }
        throw takenBack("and may not be over; `status` tells what comes of it", interrupted);
    }

    private LockstepException takenBack(String what, LockstepException interrupted) {
        return new LockstepException(
                Fault.INTERRUPTED,
                "`%s` was taken back, %s".formatted(asked.command(), what),
                interrupted);
    }

    /// A process that had taken the request on may have died after it had done it.
    private Optional<Outcome> doneByTheDead() {
        return id.isPresent() && asking.isDone(asked) ? Optional.of(done()) : Optional.empty();
    }

    /// What comes of doing it here; where the dead had brought it so far that there was only
    /// forward, nothing but that is left to be done.
    private Outcome own() {
        if (id.isPresent()) {
            watcher.say(
                    "the process that was asked has gone; `%s` goes on here"
                            .formatted(asked.command()));
        }
        Outcome outcome = asking.here(asked, watcher);
        return id.isPresent() && outcome.exit() == ExitCode.REFUSED && asking.isDone(asked)
                ? done()
                : outcome;
    }

    private Outcome done() {
        return new Outcome(
                ExitCode.DONE,
                "the process that was asked has ended, and %s is done".formatted(asked.command()));
    }

    /// A process whose connection to the target was lost takes its lease again.
    private void awaitReturn(Session session) {
        Stop stop = new Stop();
        long start = System.nanoTime();
        while (OwnTables.exist(session)
                && Lease.mayComeBack(session, run)
                && System.nanoTime() - start < GONE_AFTER.toNanos()) {
            stop.rest(POLL);
        }
    }

    /// The answer; nothing where the process that was asked has gone. One that takes its lease
    /// again over another connection has not.
    private Optional<Outcome> await(
            Session session, long mine, Overhearing overhearing, Stop stop) {
        long seen = System.nanoTime();
        while (true) {
            Optional<Outcome> answer = requests.outcome(session, mine);
            if (answer.isPresent()) {
                return answer;
            }
            if (asking.worker().isPresent()) {
                seen = System.nanoTime();
            } else if (System.nanoTime() - seen > GONE_AFTER.toNanos()) {
                return requests.outcome(session, mine);
            }
            overhearing.listen();
            stop.rest(POLL);
        }
    }
}
