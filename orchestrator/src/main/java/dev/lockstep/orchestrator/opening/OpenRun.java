package dev.lockstep.orchestrator.opening;

import dev.lockstep.cdc.KafkaAccess;
import dev.lockstep.cdc.Remains;
import dev.lockstep.cdc.log.EmbeddedBroker;
import dev.lockstep.orchestrator.ending.Cleanup;
import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.Journal;
import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.stage.Preflight;
import dev.lockstep.orchestrator.stage.RunFolder;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// This process' hold on a run: both databases, the lease, and the broker if it is ours.
public final class OpenRun implements AutoCloseable {
    private final Run run;
    private final Lease lease;
    private final Optional<EmbeddedBroker> broker;

    private OpenRun(Run run, Lease lease, Optional<EmbeddedBroker> broker) {
        this.run = run;
        this.lease = lease;
        this.broker = broker;
    }

    /// Takes hold of the plan's run. A new run is checked first, and refused before anything
    /// changes.
    ///
    /// @param command the only one for which it is taken; empty where it is taken to stay
    public static OpenRun take(
            Plan plan, Db source, Db target, Path folder, InstantSource clock, String command) {
        Journal journal = new Journal(target, plan.name());
        RunState state = journal.history().state();
        boolean isNew = state instanceof RunState.Planned || state instanceof RunState.Aborted;
        Registration registration = new Registration(plan, source, target);
        check(registration, folder, state);
        if (isNew) {
            new Preflight(plan, source, target).check();
        } else if (!Asked.of(command).isEnding() && hasLog(registration, state)) {
            registration.requireLogIn(folder);
        }
        RunFolder.make(folder);
        Lease lease = lease(plan, target, command);
        try {
            requireOpen(plan, journal.history().state(), command);
            registration.make(folder, isNew);
            Optional<EmbeddedBroker> broker = Optional.empty();
            KafkaAccess kafka;
            switch (plan.kafka()) {
                case Plan.Kafka.Embedded _ -> {
                    EmbeddedBroker own = EmbeddedBroker.start(Run.brokerFolder(folder));
                    broker = Optional.of(own);
                    kafka = KafkaAccess.to(own);
                }
                case Plan.Kafka.External(Map<String, String> properties) ->
                        kafka = KafkaAccess.to(properties);
            }
            Run run = new Run(plan, source, target, journal, lease.epoch(), kafka, folder, clock);
            return new OpenRun(run, lease, broker);
        } catch (RuntimeException e) {
            giveBack(lease, journal, target, folder);
            throw e;
        }
    }

    /// Whether the run goes on from a log that there is.
    private static boolean hasLog(Registration registration, RunState state) {
        return switch (state.at()) {
            case RunState.Copying _ -> registration.hasBegun();
            case RunState.CatchingUp _,
                    RunState.Verifying _,
                    RunState.InStep _,
                    RunState.Switching _ ->
                    true;
            default -> false;
        };
    }

    /// Whoever had the run until now may have ended it.
    private static void requireOpen(Plan plan, RunState state, String command) {
        if (state instanceof RunState.Completed || (state.isFinal() && !command.isEmpty())) {
            throw new LockstepException(
                    Fault.WRONG_STATE,
                    "run \"%s\" is %s by now; nothing was changed"
                            .formatted(plan.name(), state.label()));
        }
    }

    private static void check(Registration registration, Path folder, RunState state) {
        Plan plan = registration.plan();
        if (!(state instanceof RunState.Aborted)) {
            registration.checkSame();
        }
        holder(plan, registration.target())
                .ifPresent(holder -> {
                    throw Lease.held(plan.name(), holder);
                });
        checkKafka(plan, state instanceof RunState.Planned || state instanceof RunState.Aborted);
        if (state instanceof RunState.Planned) {
            RunFolder.refuseLeftLog(plan, folder);
        }
    }

    private static Lease lease(Plan plan, Db target, String command) {
        return OwnTables.with(target, () -> Lease.take(target, plan.name(), command));
    }

    /// Whether the run is completed, and has nothing left to open. What a process that died at its
    /// very end has left on the target and on this machine is removed.
    public static boolean isOver(Plan plan, Db source, Db target) {
        Journal journal = new Journal(target, plan.name());
        if (!(journal.history().state() instanceof RunState.Completed)) {
            return false;
        }
        new Registration(plan, source, target).checkSame();
        if (holder(plan, target).isEmpty()) {
            RunFolder.remove(folder(plan));
            Cleanup.leaveJournal(target);
        }
        return true;
    }

    /// Who brings the run forward, if somebody does.
    public static Optional<Lease.Holder> holder(Plan plan, Db target) {
        try {
            return target.call(session ->
                    OwnTables.exist(session)
                            ? Lease.holder(session, plan.name())
                            : Optional.empty());
        } catch (LockstepException e) {
            if (OwnTables.areRemoved(e)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /// The run's folder on this machine: beside the plan, or below `LOCKSTEP_STATE`.
    public static Path folder(Plan plan) {
        String configured = System.getenv("LOCKSTEP_STATE");
        Path base =
                configured == null || configured.isEmpty()
                        ? plan.folder().resolve(RunFolder.BESIDE_PLAN)
                        : Path.of(configured);
        return base.resolve(plan.name()).toAbsolutePath();
    }

    /// Kafka has to answer, and must not hold changes of another run under the names of this one.
    private static void checkKafka(Plan plan, boolean isNew) {
        if (plan.kafka() instanceof Plan.Kafka.External(Map<String, String> properties)) {
            KafkaAccess kafka = KafkaAccess.to(properties);
            List<String> topics = Remains.topics(plan.name(), kafka);
            if (isNew && !topics.isEmpty()) {
                throw new LockstepException(
                        Fault.NAME_IN_USE,
                        ("name \"%s\" is in use: Kafka at \"%s\" has topic \"%s\" of another run; "
                                        + "give the plan another name, or end that run, or "
                                        + "delete the topic where its run is gone")
                                .formatted(
                                        plan.name(),
                                        properties.get("bootstrap.servers"),
                                        String.join("\", \"", topics)));
            }
        }
    }

    public Run run() {
        return run;
    }

    public Lease lease() {
        return lease;
    }

    @Override
    public void close() {
        try {
            broker.ifPresent(EmbeddedBroker::close);
        } finally {
            giveBack(lease, run.journal(), run.target(), run.folder());
        }
    }

    /// Of a run that is over nothing stays on this machine, nor on the target but the journal. The
    /// folder goes before anybody else can take the run, and make it anew.
    private static void giveBack(Lease lease, Journal journal, Db target, Path folder) {
        boolean ended = false;
        try {
            ended = journal.history().state().isFinal();
            if (ended) {
                RunFolder.remove(folder);
            }
        } catch (LockstepException e) {
            if (e.fault() == Fault.FILE_FAILED) {
                throw e;
            }
            // The target is out of reach; the files stay for the next process.
        } finally {
            lease.close();
            if (ended) {
                Cleanup.leaveJournal(target);
            }
        }
    }
}
