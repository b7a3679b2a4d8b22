package dev.lockstep.orchestrator.opening;

import dev.lockstep.cdc.backfill.TableProgress;
import dev.lockstep.orchestrator.stage.Preflight;
import dev.lockstep.orchestrator.stage.RunFolder;
import dev.lockstep.plans.catalog.Catalog;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// What both databases know a run by: its name, what it moves, and where its changes are.
record Registration(Plan plan, Db source, Db target) {
    private static final String REGISTER =
            """
            INSERT INTO lockstep.run AS r (name, fingerprint, folder, machine) VALUES (?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE
               SET fingerprint = CASE WHEN ? THEN excluded.fingerprint ELSE r.fingerprint END,
                   folder = excluded.folder, machine = excluded.machine\
            """;
    private static final String PLACE =
            "SELECT folder, machine FROM lockstep.run WHERE name = ? AND folder <> ''";
    private static final String HAS_BEGUN =
            "SELECT EXISTS (SELECT FROM lockstep.position WHERE run = ?)";
    private static final String FINGERPRINT = "SELECT fingerprint FROM lockstep.run WHERE name = ?";

    /// Fails where the plan's name is on the target for a run that moves something else.
    void checkSame() {
        try (Session session = target.brief("open")) {
            if (!OwnTables.haveJournal(session)) {
                return;
            }
            Optional<String> known =
                    session.row(FINGERPRINT, row -> row.text("fingerprint"), plan.name());
            if (known.isPresent() && !isSame(known.get(), session)) {
                throw new LockstepException(
                        Fault.NAME_IN_USE,
                        ("name \"%s\" is in use on \"%s\" by another run, which moves "
                                        + "something else (another source, other tables, another"
                                        + " schema.copy or mappings); give this plan another name")
                                .formatted(plan.name(), target.label()));
            }
        }
    }

    /// Tables that the run does not have may leave the plan's scope, such as new ones.
    private boolean isSame(String known, Session onTarget) {
        if (known.equals(fingerprint())) {
            return true;
        }
        Set<TableName> booked =
                OwnTables.exist(onTarget) ? TableProgress.tables(onTarget, plan.name()) : Set.of();
        return known.startsWith(unscoped())
                && !booked.isEmpty()
                && source.call(session -> Catalog.read(session, plan.scope()))
                        .tables()
                        .keySet()
                        .containsAll(booked);
    }

    private String fingerprint() {
        return unscoped() + plan.scope();
    }

    private String unscoped() {
        String identity = source.call(session -> session.one(Preflight.IDENTITY));
        return "%s %s %s ".formatted(identity, plan.mapping(), plan.schema().copy());
    }

    /// Whether the run's first stream has begun, and with it the log.
    boolean hasBegun() {
        return target.call(session -> session.flag(HAS_BEGUN, plan.name()));
    }

    /// Fails where the run's changes are in another folder than this one.
    void requireLogIn(Path folder) {
        if (plan.kafka() instanceof Plan.Kafka.Embedded) {
            target.call(session ->
                            session.row(
                                    PLACE,
                                    row ->
                                            new RunFolder.Place(
                                                    row.text("machine"), row.text("folder")),
                                    plan.name()))
                    .ifPresent(last -> RunFolder.requireLog(plan, folder, last));
        }
    }

    /// Makes the run known, on the target by who has its lease.
    ///
    /// @param isNew an aborted run may start again with another scope, or from another source
    void make(Path folder, boolean isNew) {
        String fingerprint = fingerprint();
        RunFolder.Place place = RunFolder.Place.here(folder);
        Consumer<Session> book =
                session ->
                        session.update(
                                REGISTER,
                                plan.name(),
                                fingerprint,
                                place.folder(),
                                place.machine(),
                                isNew);
        // On the target the lease keeps the tables.
        target.tx(book);
        boolean _ =
                OwnTables.with(
                        source,
                        () -> {
                            // Whoever comes next books it again; a replica is not waited for.
                            source.tx(session -> {
                                session.run("SET LOCAL synchronous_commit = local");
                                book.accept(session);
                            });
                            return true;
                        });
        if (!source.call(OwnTables::exist)) {
            // What was taken away before that, nobody takes from now on.
            OwnTables.migrate(source);
        }
    }
}
