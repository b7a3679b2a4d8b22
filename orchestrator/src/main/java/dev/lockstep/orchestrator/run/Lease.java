package dev.lockstep.orchestrator.run;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// The right to bring a run forward, held by one process at a time. Its epoch goes into everything
/// that the owner writes, so an owner that was taken for dead cannot write any more.
///
/// An owner is dead when its session on the target is gone, or when it has not renewed for [#STALE]
/// (a stopped process, a cut network).
public final class Lease implements AutoCloseable {
    private static final Duration RENEW = Duration.ofSeconds(2);
    private static final Duration STALE = Duration.ofSeconds(15);
    private static final Duration LOCK_MAX = Duration.ofSeconds(20);

    private static final String HOLDER =
            """
            SELECT l.owner, l.passing, l.backend_pid, a.pid IS NOT NULL AS connected,
                   l.renewed_at > clock_timestamp() - make_interval(secs => ?) AS fresh
              FROM lockstep.lease l
              LEFT JOIN LATERAL pg_stat_get_activity(l.backend_pid) AS a
                     ON a.backend_start = l.backend_start OR a.backend_start IS NULL
             WHERE l.run = ? AND NOT l.released\
            """;

    /// What an owner that has not been heard of for long has left open; it would keep the row
    /// locked for as long as the server believes in it.
    private static final String END_STALLED =
            """
            SELECT pg_terminate_backend(a.pid)
              FROM lockstep.lease l
             CROSS JOIN pg_stat_activity a
             WHERE l.run = ? AND NOT l.released AND a.pid <> pg_backend_pid()
               AND l.renewed_at < clock_timestamp() - make_interval(secs => ?)
               AND a.datname = current_database()
               AND a.application_name || ' ' LIKE 'lockstep ' || l.run || ' %'
               AND a.xact_start < clock_timestamp() - make_interval(secs => ?)\
            """;

    /// A row to lock: without one, processes that come at the same time would not see each other.
    /// Epochs go on after those that the journal knows, where that alone was left.
    private static final String REGISTER =
            """
            INSERT INTO lockstep.lease
                   (run, epoch, owner, backend_pid, backend_start, renewed_at, released)
            SELECT ?, coalesce(max(epoch), 0), '', 0, '-infinity', '-infinity', true
              FROM lockstep.journal WHERE run = ?
            ON CONFLICT DO NOTHING\
            """;

    private static final String HOLD =
            """
            SELECT true AS held FROM lockstep.lease
             WHERE run = ? AND epoch = ? AND NOT released FOR KEY SHARE\
            """;
    private static final String LOCK = "SELECT epoch FROM lockstep.lease WHERE run = ? FOR UPDATE";
    private static final String TAKE =
            """
            UPDATE lockstep.lease l
               SET epoch = l.epoch + 1, owner = ?, backend_pid = a.pid,
                   backend_start = a.backend_start, renewed_at = clock_timestamp(),
                   released = false, passing = ?
              FROM pg_stat_activity a
             WHERE l.run = ? AND a.pid = pg_backend_pid()
            RETURNING l.epoch\
            """;
    private static final String ATTACH =
            """
            UPDATE lockstep.lease l
               SET backend_pid = a.pid, backend_start = a.backend_start,
                   renewed_at = clock_timestamp()
              FROM pg_stat_activity a
             WHERE l.run = ? AND l.epoch = ? AND NOT l.released AND a.pid = pg_backend_pid()\
            """;
    private static final String RELEASE =
            "UPDATE lockstep.lease SET released = true WHERE run = ? AND epoch = ?";

    private final Db target;
    private final String run;
    private final long epoch;
    private Session session;
    private final ScheduledExecutorService renewer =
            Executors.newSingleThreadScheduledExecutor(
                    work -> Thread.ofPlatform().daemon().name("lease").unstarted(work));

    private Lease(Db target, Session session, String run, long epoch) {
        this.target = target;
        this.session = session;
        this.run = run;
        this.epoch = epoch;
    }

    /// Who holds a run.
    ///
    /// @param passing whether it is a command that gives the run back by itself
    public record Holder(String name, boolean passing) {}

    /// Takes the run for as long as it takes, or fails with who has it.
    public static Lease take(Db target, String run) {
        return take(target, run, "");
    }

    /// As the other, for one command; empty for none.
    public static Lease take(Db target, String run, String command) {
        Session session = target.session("lease");
        try {
            session.rows(
                    END_STALLED, row -> row.textAt(1), run, STALE.toSeconds(), STALE.toSeconds());
            session.begin();
            session.run("SET LOCAL lock_timeout = " + LOCK_MAX.toMillis());
            session.update(REGISTER, run, run);
            lock(session, run);
            Optional<Holder> holder = holder(session, run);
            if (holder.isPresent()) {
                throw held(run, holder.get());
            }
            endStaleHolder(session, run);
            long epoch =
                    session.row(
                                    TAKE,
                                    row -> row.number("epoch"),
                                    command.isEmpty() ? me() : "`%s`, %s".formatted(command, me()),
                                    !command.isEmpty(),
                                    run)
                            .orElseThrow();
            session.commit();
            return new Lease(target, session, run, epoch);
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    private static void lock(Session session, String run) {
        try {
            session.row(LOCK, row -> row.number("epoch"), run);
        } catch (LockstepException e) {
            throw e.fault() == Fault.LOCK_TIMEOUT
                    ? new LockstepException(
                            Fault.LOCK_TIMEOUT,
                            ("another process is in the middle of a step of run \"%s\" and did not"
                                            + " come to its end within %d s; try again")
                                    .formatted(run, LOCK_MAX.toSeconds()),
                            e)
                    : e;
        }
    }

    /// The refusal of a run that `holder` has.
    public static LockstepException held(String run, Holder holder) {
        return new LockstepException(
                Fault.NAME_IN_USE,
                "run \"%s\" is being brought forward by %s; %s, or give this plan another name"
                        .formatted(
                                run,
                                holder.name(),
                                holder.passing()
                                        ? "wait for that to end"
                                        : "stop that process first"));
    }

    /// Who holds the run, if somebody alive does.
    public static Optional<Holder> holder(Session session, String run) {
        return session.row(
                        HOLDER,
                        row ->
                                row.flag("connected") && row.flag("fresh")
                                        ? Optional.of(
                                                new Holder(row.text("owner"), row.flag("passing")))
                                        : Optional.<Holder>empty(),
                        STALE.toSeconds(),
                        run)
                .flatMap(found -> found);
    }

    /// Whether somebody has the run whose session is gone just now, and may come back to it.
    public static boolean mayComeBack(Session session, String run) {
        return session.row(
                        HOLDER,
                        row -> !row.flag("connected") && row.flag("fresh"),
                        STALE.toSeconds(),
                        run)
                .orElse(false);
    }

    private static void endStaleHolder(Session session, String run) {
        session.rows(
                """
                SELECT pg_terminate_backend(a.pid) FROM lockstep.lease l
                  JOIN pg_stat_activity a
                    ON a.pid = l.backend_pid AND a.backend_start = l.backend_start
                 WHERE l.run = ? AND NOT l.released\
                """,
                row -> row.textAt(1),
                run);
    }

    private static String me() {
        return "process %d on %s".formatted(ProcessHandle.current().pid(), Run.machine());
    }

    public long epoch() {
        return epoch;
    }

    /// Lets nobody take the run over before the open transaction ends; fails where somebody has.
    public static void hold(Session session, String run, long epoch) {
        if (session.row(HOLD, row -> row.flag("held"), run, epoch).isEmpty()) {
            throw new LockstepException(
                    Fault.LEASE_LOST,
                    "run \"%s\" is brought forward by another process now; this one stops"
                            .formatted(run));
        }
    }

    /// Renews from now on. Where the session was lost, another one takes its place as long as
    /// nobody else has taken the run; `onLoss` hears of it when somebody has.
    public void keep(Consumer<LockstepException> onLoss) {
        var _ =
                renewer.scheduleWithFixedDelay(
                        () -> {
                            try {
                                renew();
                            } catch (LockstepException e) {
                                if (e.fault().retry() != Fault.Retry.BOUNDED) {
                                    renewer.shutdown();
                                    session.abort();
                                    onLoss.accept(e);
                                }
                            }
                        },
                        RENEW.toMillis(),
                        RENEW.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    private void renew() {
        try {
            attach();
        } catch (LockstepException e) {
            if (e.fault() != Fault.UNREACHABLE) {
                throw e;
            }
            session.abort();
            session = target.session("lease");
            session.run("SET lock_timeout = " + LOCK_MAX.toMillis());
            attach();
        }
    }

    private void attach() {
        if (session.update(ATTACH, run, epoch) != 1) {
            throw new LockstepException(
                    Fault.LEASE_LOST,
                    "run \"%s\" was taken over by another process".formatted(run));
        }
    }

    /// Gives the run back.
    @Override
    public void close() {
        renewer.shutdownNow();
        try {
            if (renewer.awaitTermination(5, TimeUnit.SECONDS)) {
                session.update(RELEASE, run, epoch);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (LockstepException e) {
            // The session is gone, and with it the lease.
        }
        session.close();
    }
}
