package dev.lockstep.orchestrator.conduct;

import dev.lockstep.orchestrator.conduct.Commands.Asked;
import dev.lockstep.orchestrator.run.History;
import dev.lockstep.orchestrator.run.Journal;
import dev.lockstep.orchestrator.run.Json;
import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.Requests;
import dev.lockstep.orchestrator.run.Requests.Outcome;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.Stop;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// Has a command done: by the process that works on the run, or here where there is none.
public final class Asking {
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration GONE_AFTER = Duration.ofSeconds(5);

    private final Plan plan;
    private final Db source;
    private final Db target;
    private final InstantSource clock;

    public Asking(Plan plan, Db source, Db target, InstantSource clock) {
        this.plan = plan;
        this.source = source;
        this.target = target;
        this.clock = clock;
    }

    /// What came of it.
    public Outcome ask(Asked asked) {
        History history = new Journal(target, plan.name()).history();
        RunState state = history.state();
        if (state instanceof RunState.Planned || state.isFinal()) {
            throw new LockstepException(
                    Fault.WRONG_STATE,
                    "run \"%s\" is %s; there is nothing to %s"
                            .formatted(plan.name(), state.label(), asked.command()));
        }
        try (Session session = target.session("ask")) {
            awaitReturn(session);
            if (isWorkedOn(session)) {
                Requests requests = new Requests(target, plan.name());
                long id = requests.ask(session, asked.command(), Json.write(arguments(asked)));
                Optional<Outcome> answer = await(session, requests, id);
                if (answer.isPresent()) {
                    return answer.get();
                }
                if (!requests.takeBack(id)) {
                    return afterDeath(asked);
                }
            }
        }
        return here(asked);
    }

    /// The process that had taken the request on died over it, maybe after it had done it, or when
    /// there was only forward.
    private Outcome afterDeath(Asked asked) {
        if (isDone(asked)) {
            return done(asked);
        }
        Outcome outcome = here(asked);
        return outcome.exit() == ExitCode.REFUSED && isDone(asked) ? done(asked) : outcome;
    }

    private boolean isDone(Asked asked) {
        return asked.isDone(new Journal(target, plan.name()).history().state());
    }

    private static Outcome done(Asked asked) {
        return new Outcome(
                ExitCode.DONE,
                "the process that was asked has ended, and %s is done".formatted(asked.command()));
    }

    private static Map<String, Object> arguments(Asked asked) {
        return Map.of("table", asked.table(), "keepTarget", asked.keepTarget());
    }

    private boolean isWorkedOn(Session session) {
        return OwnTables.exist(session) && Lease.holder(session, plan.name()).isPresent();
    }

    /// A process whose connection to the target was lost takes its lease again.
    private void awaitReturn(Session session) {
        Stop stop = new Stop();
        long start = System.nanoTime();
        while (OwnTables.exist(session)
                && Lease.mayComeBack(session, plan.name())
                && System.nanoTime() - start < GONE_AFTER.toNanos()) {
            pause(stop);
        }
    }

    private static void pause(Stop stop) {
        try {
            stop.pause(POLL);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LockstepException(Fault.INTERRUPTED, "interrupted while waiting", e);
        }
    }

    /// The answer; nothing where the process that was asked has gone. One that takes its lease
    /// again over another connection has not.
    private Optional<Outcome> await(Session session, Requests requests, long id) {
        Stop stop = new Stop();
        long seen = System.nanoTime();
        while (true) {
            Optional<Outcome> answer = requests.outcome(session, id);
            if (answer.isPresent()) {
                return answer;
            }
            if (isWorkedOn(session)) {
                seen = System.nanoTime();
            } else if (System.nanoTime() - seen > GONE_AFTER.toNanos()) {
                return requests.outcome(session, id);
            }
            pause(stop);
        }
    }

    private Outcome here(Asked asked) {
        try (OpenRun open = OpenRun.take(plan, source, target, OpenRun.folder(plan), clock)) {
            Stop stop = new Stop();
            open.lease().keep(stop::ask);
            Conductor conductor = new Conductor(open.run(), stop, Watcher.NONE);
            Serving serving = new Serving(conductor, stop, Watcher.NONE, false);
            AtomicBoolean begun = new AtomicBoolean();
            return serving.once(
                    asked.needsStream(),
                    commands ->
                            begun.getAndSet(true) && isDone(asked)
                                    ? Commands.doneAfterTrouble(asked)
                                    : perform(commands, conductor, asked));
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
}
