package dev.lockstep.orchestrator.asking;

import dev.lockstep.orchestrator.conduct.Commands;
import dev.lockstep.orchestrator.conduct.Conductor;
import dev.lockstep.orchestrator.conduct.Serving;
import dev.lockstep.orchestrator.ending.Cleanup;
import dev.lockstep.orchestrator.opening.OpenRun;
import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.History;
import dev.lockstep.orchestrator.run.Interruption;
import dev.lockstep.orchestrator.run.Journal;
import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.Requests;
import dev.lockstep.orchestrator.run.Requests.Outcome;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.Stop;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.plans.fault.ExitCode;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;

/// Has a command done: by the process that works on the run, or here where there is none. The
/// process lives, also after Ctrl-C, until this is closed: whoever asked has to tell what came of
/// it.
public final class Asking implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration GONE_AFTER = Duration.ofSeconds(5);
    private static final int ATTEMPTS_MAX = 5;
    private static final Duration LEFT_MAX = Duration.ofSeconds(40);
    private static final String NOBODY =
            "nobody works on the run now, so what is written gathers as WAL: `run` carries it";

    private final Plan plan;
    private final Db source;
    private final Db target;
    private final InstantSource clock;
    private final Interruption interruption = Interruption.watch();

    public Asking(Plan plan, Db source, Db target, InstantSource clock) {
        this.plan = plan;
        this.source = source;
        this.target = target;
        this.clock = clock;
    }

    /// What came of it.
    ///
    /// @param watcher is told how it goes
    public Outcome ask(Asked asked, Watcher watcher) {
        History history = new Journal(target, plan.name()).history();
        RunState state = history.state();
        if (state instanceof RunState.Planned || state.isFinal()) {
            throw new LockstepException(
                    Fault.WRONG_STATE,
                    "run \"%s\" is %s; `%s` needs a run that is under way"
                            .formatted(plan.name(), state.label(), asked.command()));
        }
        try {
            Outcome outcome = new Waiting(asked, watcher).outcome();
            if (asked.isEnding() && outcome.exit() == ExitCode.DONE) {
                awaitGone(watcher);
            }
            return outcome;
        } finally {
            if (asked.isEnding()) {
                Cleanup.leaveJournal(target);
            }
        }
    }

    /// From the asking to the answer, whoever gives that: processes that work on the run may come
    /// and go meanwhile.
    private final class Waiting {
        private final Requests requests = new Requests(target, plan.name());
        private final Asked asked;
        private final Watcher watcher;
        private OptionalLong id = OptionalLong.empty();

        Waiting(Asked asked, Watcher watcher) {
            this.asked = asked;
            this.watcher = watcher;
        }

        Outcome outcome() {
            try (Session session = target.session("ask")) {
                for (int attempt = 1; ; attempt++) {
                    try {
                        awaitReturn(session);
                        Outcome outcome =
                                asked(session).or(this::doneByTheDead).orElseGet(this::own);
                        forget();
                        return outcome;
                    } catch (LockstepException e) {
                        if (e.fault() == Fault.WRONG_STATE && isDone(asked)) {
                            forget();
                            return done(asked);
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
            if (!isWorkedOn()) {
                return id.isPresent()
                        ? requests.outcome(session, id.getAsLong())
                        : Optional.empty();
            }
            if (id.isEmpty()) {
                id = OptionalLong.of(requests.ask(session, asked.command(), asked.arguments()));
            }
            long mine = id.getAsLong();
            Optional<Outcome> answer = answer(session, mine);
            if (answer.isEmpty() && requests.takeBack(mine)) {
                id = OptionalLong.empty();
            }
            return answer;
        }

        /// The answer, also to a recall.
        private Optional<Outcome> answer(Session session, long mine) {
            Overhearing overhearing = new Overhearing(session, plan.name(), watcher);
            try {
                return await(session, requests, mine, overhearing, interruption.stop());
            } catch (LockstepException e) {
                if (e.fault() != Fault.INTERRUPTED) {
                    throw e;
                }
                boolean _ = Thread.interrupted();
                if (requests.takeBack(mine)) {
                    throw takenBack("and nothing was done", e);
                }
                requests.recall(mine);
                watcher.say(
                        "taking `%s` back, as far as it still can be".formatted(asked.command()));
                return Optional.of(
                        await(session, requests, mine, overhearing, new Stop())
                                .orElseThrow(() -> takenBack("`status` tells what came of it", e)));
            }
        }

        private LockstepException takenBack(String what, LockstepException interrupted) {
            return new LockstepException(
                    Fault.INTERRUPTED,
                    "`%s` was taken back, %s".formatted(asked.command(), what),
                    interrupted);
        }

        /// A process that had taken the request on may have died after it had done it.
        private Optional<Outcome> doneByTheDead() {
            return id.isPresent() && isDone(asked) ? Optional.of(done(asked)) : Optional.empty();
        }

        /// What comes of doing it here; where the dead had brought it so far that there was only
        /// forward, nothing but that is left to be done.
        private Outcome own() {
            if (id.isPresent()) {
                watcher.say(
                        "the process that was asked has gone; `%s` goes on here"
                                .formatted(asked.command()));
            }
            Outcome outcome = here(asked, watcher);
            return id.isPresent() && outcome.exit() == ExitCode.REFUSED && isDone(asked)
                    ? done(asked)
                    : outcome;
        }
    }

    private boolean isDone(Asked asked) {
        return asked.isDone(new Journal(target, plan.name()).history().state());
    }

    private static Outcome done(Asked asked) {
        return new Outcome(
                ExitCode.DONE,
                "the process that was asked has ended, and %s is done".formatted(asked.command()));
    }

    private boolean isWorkedOn() {
        return OpenRun.holder(plan, target).isPresent();
    }

    /// A process whose connection to the target was lost takes its lease again.
    private void awaitReturn(Session session) {
        Stop stop = new Stop();
        long start = System.nanoTime();
        while (OwnTables.exist(session)
                && Lease.mayComeBack(session, plan.name())
                && System.nanoTime() - start < GONE_AFTER.toNanos()) {
            stop.rest(POLL);
        }
    }

    /// The answer; nothing where the process that was asked has gone. One that takes its lease
    /// again over another connection has not.
    private Optional<Outcome> await(
            Session session, Requests requests, long id, Overhearing overhearing, Stop stop) {
        long seen = System.nanoTime();
        while (true) {
            Optional<Outcome> answer = requests.outcome(session, id);
            if (answer.isPresent()) {
                return answer;
            }
            if (isWorkedOn()) {
                seen = System.nanoTime();
            } else if (System.nanoTime() - seen > GONE_AFTER.toNanos()) {
                return requests.outcome(session, id);
            }
            overhearing.listen();
            stop.rest(POLL);
        }
    }

    /// Whoever has ended the run leaves only the journal, and then the run.
    private void awaitGone(Watcher watcher) {
        Stop stop = new Stop();
        long start = System.nanoTime();
        while (isWorkedOn()) {
            if (System.nanoTime() - start > LEFT_MAX.toNanos()) {
                watcher.say("the process that has the run is still about to leave it");
                return;
            }
            stop.rest(POLL);
        }
    }

    private Outcome here(Asked asked, Watcher watcher) {
        try (OpenRun open =
                OpenRun.take(plan, source, target, OpenRun.folder(plan), clock, asked.command())) {
            Stop stop = interruption.stop();
            open.lease().keep(stop::ask);
            Conductor conductor = new Conductor(open.run(), stop, watcher);
            Serving serving = new Serving(conductor, stop, watcher, false);
            AtomicBoolean begun = new AtomicBoolean();
            Outcome outcome =
                    serving.once(
                            asked.needsStream(),
                            commands ->
                                    begun.getAndSet(true) && isDone(asked)
                                            ? Commands.doneAfterTrouble(asked)
                                            : perform(commands, conductor, asked));
            if (asked.isSwitch() && outcome.exit() == ExitCode.DONE) {
                watcher.say(NOBODY);
            }
            return outcome;
        }
    }

    private static Outcome perform(Commands commands, Conductor conductor, Asked asked)
            throws InterruptedException {
        try {
            return commands.perform(asked);
        } catch (LockstepException e) {
            if (e.fault() == Fault.INTERNAL || Commands.isHalfDone(conductor.state(), e)) {
                throw e;
            }
            return Commands.refused(e);
        }
    }

    @Override
    public void close() {
        interruption.close();
    }
}
