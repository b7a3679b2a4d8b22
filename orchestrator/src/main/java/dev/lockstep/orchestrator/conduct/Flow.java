package dev.lockstep.orchestrator.conduct;

import dev.lockstep.cdc.Replication;
import dev.lockstep.cdc.backfill.TableProgress;
import dev.lockstep.orchestrator.run.History;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Drift;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.orchestrator.stage.Streams;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The stream of a run that this process has open, and the tables that it carries.
///
/// Thread rule: one thread drives; [#now] may be asked from others.
final class Flow implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Flow.class);
    private static final Duration DRIFT_EVERY = Duration.ofSeconds(3);

    private final Run run;
    private final Supplier<History> history;
    private volatile @Nullable Replication stream;
    private @Nullable Moved moved;
    private boolean applying;
    private long driftLookedAt = System.nanoTime();
    private Duration driftEvery = DRIFT_EVERY;

    Flow(Run run, Supplier<History> history) {
        this.run = run;
        this.history = history;
    }

    /// The tables on both sides, as they were when this process first looked.
    Moved moved() {
        Moved known = moved;
        if (known == null) {
            known = Moved.read(run);
            moved = known;
        }
        return known;
    }

    /// Forgets the tables, which have got their keys since; the next one to ask reads them anew.
    void refresh() {
        moved = null;
    }

    /// Opens stream `number`, unless one is open, and takes changes into the log.
    Replication capture(int number) {
        Replication open = stream;
        if (open != null) {
            return open;
        }
        Set<TableName> booked =
                run.target().call(session -> TableProgress.tables(session, run.name()));
        Drift.requireCounterparts(moved(), booked, Streams.active(number));
        requireNoneAside(moved(), number);
        Replication made = Streams.open(run, moved(), number);
        try {
            // A stream that another owner has ended since must not be made again.
            run.requireLease();
            made.begin();
            made.startCapture();
        } catch (RuntimeException e) {
            made.close();
            throw e;
        }
        stream = made;
        return made;
    }

    /// Opens stream `number`, unless one is open, and writes its changes to the standby.
    Replication apply(int number) {
        Replication flowing = capture(number);
        if (!applying) {
            flowing.startApply(Streams.routes(run, moved(), number));
            applying = true;
            keepChanges();
        }
        return flowing;
    }

    /// Up to where the last verification of all tables, or the final check of a switch that came
    /// after it, has looked at rows, by positions of the active; empty where that is not known.
    Optional<Lsn> comparedUpTo() {
        History known = history.get();
        return known.verifiedSinceSwitch()
                ? known.lastVerification().map(verified -> Lsn.parse(verified.cut()))
                : flowing().begunAt();
    }

    /// Has what was changed since then known and kept; all, where nothing was compared yet.
    void keepChanges() {
        if (applying) {
            flowing().recent().keepSince(comparedUpTo().orElse(Lsn.ZERO));
        }
    }

    /// Has the stream opened anew where tables or sequences are not those any more that it was
    /// opened for: what it can take over it then takes over, and what not it tells. Looks every few
    /// seconds, and less often where that takes long. Returns whether it did.
    boolean lookForDrift() {
        long now = System.nanoTime();
        if (now - driftLookedAt < driftEvery.toNanos()) {
            return false;
        }
        Moved present = Moved.read(run);
        Drift.between(moved(), present)
                .throwIfAny(Fault.SCHEMA_CHANGED, "the schema has changed since the run read it");
        now().ifPresent(flowing -> requireNoneAside(present, flowing.spec().stream()));
        Duration took = Duration.ofNanos(System.nanoTime() - now).multipliedBy(50);
        driftEvery = took.compareTo(DRIFT_EVERY) > 0 ? took : DRIFT_EVERY;
        driftLookedAt = System.nanoTime();
        return true;
    }

    private void requireNoneAside(Moved present, int number) {
        if (Streams.active(number) == Side.TARGET && !present.loneTables().isEmpty()) {
            try (Session source = run.source().brief("drift")) {
                Drift.requireNoneAside(present, source);
            }
        }
    }

    /// Opens the stream of a run in step, unless it is open. What a process that died in a switch
    /// left of the streams beside it would keep WAL for nobody, and goes first.
    void resume(int number) {
        if (stream == null) {
            Streams.remove(run, number - 1);
            Streams.remove(run, number + 1);
        }
        var _ = apply(number);
    }

    /// Lets `next`, which captures already, take the place of the stream that flows. That one is
    /// removed before the other writes to the same tables: PostgreSQL may fail an update of a table
    /// whose publication is dropped that moment.
    void turnTo(Replication next) {
        Replication old = flowing();
        stream = null;
        applying = false;
        try {
            old.close();
            Streams.remove(run, next.spec().stream() - 1);
            next.startApply(next.spec().routes());
        } catch (LockstepException e) {
            // Writes have moved. Whoever resumes the run sees whether this passes.
            log.atWarn().setCause(e).log("the stream back is opened anew");
            next.close();
            return;
        }
        stream = next;
        applying = true;
    }

    /// The stream that flows now.
    Replication flowing() {
        return Objects.requireNonNull(stream);
    }

    /// The stream that flows now, if one does.
    Optional<Replication> now() {
        return Optional.ofNullable(stream);
    }

    @Override
    public void close() {
        Replication open = stream;
        stream = null;
        applying = false;
        moved = null;
        if (open != null) {
            open.close();
        }
    }
}
