package dev.lockstep.orchestrator.conduct;

import dev.lockstep.cdc.KafkaAccess;
import dev.lockstep.cdc.Remains;
import dev.lockstep.cdc.backfill.TableProgress;
import dev.lockstep.cdc.log.EmbeddedBroker;
import dev.lockstep.orchestrator.ending.Cleanup;
import dev.lockstep.orchestrator.run.Journal;
import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.stage.Preflight;
import dev.lockstep.plans.catalog.Catalog;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// This process' hold on a run: both databases, the lease, and the broker if it is ours.
public final class OpenRun implements AutoCloseable {
    private static final String REGISTER =
            """
            INSERT INTO lockstep.run AS r (name, fingerprint) VALUES (?, ?)
            ON CONFLICT (name) DO UPDATE SET fingerprint = excluded.fingerprint WHERE ?\
            """;
    private static final String FINGERPRINT = "SELECT fingerprint FROM lockstep.run WHERE name = ?";

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
        check(plan, source, target, folder, state);
        if (isNew) {
            new Preflight(plan, source, target).check();
        }
        makeFolder(folder);
        OwnTables.migrate(source);
        Lease lease = lease(plan, target, command);
        try {
            register(plan, source, target, isNew);
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
            lease.close();
            throw e;
        }
    }

    private static void check(Plan plan, Db source, Db target, Path folder, RunState state) {
        if (!(state instanceof RunState.Aborted)) {
            checkSame(plan, source, target);
        }
        holder(plan, target)
                .ifPresent(holder -> {
                    throw Lease.held(plan.name(), holder);
                });
        checkKafka(plan, state instanceof RunState.Planned || state instanceof RunState.Aborted);
        if (state instanceof RunState.Planned) {
            refuseLeftLog(plan, folder);
        }
    }

    private static Lease lease(Plan plan, Db target, String command) {
        OwnTables.migrate(target);
        try {
            return Lease.take(target, plan.name(), command);
        } catch (LockstepException e) {
            if (!OwnTables.areRemoved(e)) {
                throw e;
            }
            // Another run ended just then, the last one as far as it knew.
            OwnTables.migrate(target);
            return Lease.take(target, plan.name(), command);
        }
    }

    /// Whether the run is completed, and has nothing left to open. What a process that died at its
    /// very end has left on the target and on this machine is removed.
    public static boolean isOver(Plan plan, Db source, Db target) {
        Journal journal = new Journal(target, plan.name());
        if (!(journal.history().state() instanceof RunState.Completed)) {
            return false;
        }
        checkSame(plan, source, target);
        if (holder(plan, target).isEmpty()) {
            if (Files.exists(folder(plan))) {
                deleteFolder(folder(plan));
            }
            Cleanup.leaveJournal(target);
        }
        return true;
    }

    /// Who brings the run forward, if somebody does.
    public static Optional<Lease.Holder> holder(Plan plan, Db target) {
        return target.call(session ->
                OwnTables.exist(session) ? Lease.holder(session, plan.name()) : Optional.empty());
    }

    /// The run's folder on this machine: beside the plan, or below `LOCKSTEP_STATE`.
    public static Path folder(Plan plan) {
        String configured = System.getenv("LOCKSTEP_STATE");
        Path base =
                configured == null || configured.isEmpty()
                        ? plan.folder().resolve(".lockstep")
                        : Path.of(configured);
        return base.resolve(plan.name()).toAbsolutePath();
    }

    private static void makeFolder(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new LockstepException(
                    Fault.PRECONDITION,
                    ("the run's folder \"%s\" cannot be made: %s; make it writable, or name "
                                    + "another one with LOCKSTEP_STATE")
                            .formatted(folder, e.getMessage()),
                    e);
        }
    }

    /// Fails where the plan's name is on the target for a run that moves something else.
    private static void checkSame(Plan plan, Db source, Db target) {
        try (Session session = target.brief("open")) {
            if (!OwnTables.haveJournal(session)) {
                return;
            }
            Optional<String> known =
                    session.row(FINGERPRINT, row -> row.text("fingerprint"), plan.name());
            if (known.isPresent() && !isSame(known.get(), plan, source, session)) {
                throw new LockstepException(
                        Fault.NAME_IN_USE,
                        ("name \"%s\" is in use on \"%s\" by another run, which moves "
                                        + "something else (another source, other tables, another"
                                        + " schema.copy or mappings); give this plan another name")
                                .formatted(plan.name(), target.label()));
            }
        }
    }

    /// An aborted run may start again with another scope, or from another source.
    private static void register(Plan plan, Db source, Db target, boolean isNew) {
        String fingerprint = fingerprint(plan, source);
        for (Db db : List.of(source, target)) {
            db.tx(session -> session.update(REGISTER, plan.name(), fingerprint, isNew));
        }
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

    /// A target that knows nothing of the run, and changes of one by its name on this machine: the
    /// databases are others than those that the changes are from.
    private static void refuseLeftLog(Plan plan, Path folder) {
        Path broker = Run.brokerFolder(folder);
        if (Files.isDirectory(broker)) {
            try (Stream<Path> files = Files.list(broker)) {
                if (files.anyMatch(file -> Remains.isTopic(file.getFileName().toString()))) {
                    throw new LockstepException(
                            Fault.NAME_IN_USE,
                            ("name \"%s\" is in use: folder \"%s\" has changes of another run, of"
                                            + " which target \"%s\" knows nothing; remove the"
                                            + " folder where that run's databases are gone, or give"
                                            + " the plan another name")
                                    .formatted(plan.name(), folder, plan.target().label()));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /// Tables that the run does not have may leave the plan's scope, such as new ones.
    private static boolean isSame(String known, Plan plan, Db source, Session target) {
        if (known.equals(fingerprint(plan, source))) {
            return true;
        }
        Set<TableName> booked =
                OwnTables.exist(target) ? TableProgress.tables(target, plan.name()) : Set.of();
        return known.startsWith(unscoped(plan, source))
                && !booked.isEmpty()
                && source.call(session -> Catalog.read(session, plan.scope()))
                        .tables()
                        .keySet()
                        .containsAll(booked);
    }

    private static String fingerprint(Plan plan, Db source) {
        return unscoped(plan, source) + plan.scope();
    }

    private static String unscoped(Plan plan, Db source) {
        String identity = source.call(session -> session.one(Preflight.IDENTITY));
        return "%s %s %s ".formatted(identity, plan.mapping(), plan.schema().copy());
    }

    public Run run() {
        return run;
    }

    public Lease lease() {
        return lease;
    }

    @Override
    public void close() {
        boolean ended = false;
        try {
            ended = run.journal().history().state().isFinal();
        } catch (LockstepException e) {
            // The target is out of reach; the files stay for the next process.
        }
        broker.ifPresent(EmbeddedBroker::close);
        if (ended) {
            deleteFolder(run.folder());
        }
        lease.close();
        if (ended) {
            Cleanup.leaveJournal(run.target());
        }
    }

    private static void deleteFolder(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> {
                        try {
                            Files.deleteIfExists(file);
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
        } catch (IOException | UncheckedIOException e) {
            throw new LockstepException(
                    Fault.FILE_FAILED,
                    ("the run is over, but its folder \"%s\" cannot be removed: %s; remove "
                                    + "it by hand")
                            .formatted(folder, e.getMessage()),
                    e);
        }
    }
}
