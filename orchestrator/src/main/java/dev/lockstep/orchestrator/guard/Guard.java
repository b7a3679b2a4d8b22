package dev.lockstep.orchestrator.guard;

import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunEvent.StandbyTouched;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.orchestrator.stage.StrayNotes;
import dev.lockstep.orchestrator.switching.Refusal;
import dev.lockstep.orchestrator.switching.Switch;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks at the standby of a run in step: whether its tables still refuse writes, and who has
/// written to them nevertheless. A trigger that somebody took away is put back.
///
/// Thread rule: one thread, the one that drives the run.
public final class Guard {
    private static final Logger log = LoggerFactory.getLogger(Guard.class);

    private static final String LOST =
            "table \"%s\" of the %s had lost the trigger that refuses writes; they may have come"
                    + " there";
    private static final String DISABLED =
            "table \"%s\" of the %s had its trigger disabled that refuses writes; they may have"
                    + " come there";
    private static final String ALTERED =
            "table \"%s\" of the %s had its trigger altered that refuses writes; they may have come"
                    + " there meanwhile";

    private final Run run;
    private Side watched = Side.TARGET;
    private long touches;

    /// How the refusal triggers were when they were last looked at; none before that.
    private Optional<Map<TableName, Refusal.Trigger>> seen = Optional.empty();

    public Guard(Run run) {
        this.run = run;
    }

    /// Who is told of what was found.
    public interface Teller {
        void tell(StandbyTouched alarm);
    }

    /// Does what is done again later, where it fails now.
    public static void attempt(Runnable look) {
        try {
            look.run();
        } catch (LockstepException e) {
            log.atDebug().setCause(e).log("left for the next look");
        }
    }

    /// Forgets how triggers were: a switch changes them.
    public void forget() {
        seen = Optional.empty();
    }

    /// Looks, and tells each thing once.
    ///
    /// @param isTold what was told already, and changes nothing any more
    public void look(Moved moved, Side standby, Predicate<String> isTold, Teller teller) {
        if (standby != watched) {
            forget();
            watched = standby;
        }
        Refusal refusal = Switch.refusal(run, moved, standby);
        Found found = run.db(standby).call(session -> Found.read(session, run, refusal));
        List<String> troubles =
                refusal.tables().stream()
                        .flatMap(t -> trouble(t, found, standby).stream())
                        .toList();
        troubles.stream().filter(isTold.negate()).forEach(what -> teller.tell(alarm(what, now())));
        if (refusal.tables().stream().allMatch(found::refuses)) {
            seen = Optional.of(found.triggers());
        } else {
            putBack(refusal, standby);
        }
        if (!found.watched().containsAll(refusal.tables())) {
            watch(refusal, standby);
        }
        int strays =
                StrayNotes.take(
                        run.db(standby),
                        run.name(),
                        stray -> {
                            String what = stray.text(standby);
                            if (!isTold.test(what)) {
                                teller.tell(alarm(what, stray.at()));
                            }
                        });
        if (strays > 0 || !troubles.isEmpty()) {
            touches++;
        }
    }

    /// How many looks have found something, told before or not.
    public long touches() {
        return touches;
    }

    /// What there is of the run's triggers.
    private record Found(Map<TableName, Refusal.Trigger> triggers, Set<TableName> watched) {
        static Found read(Session session, Run run, Refusal refusal) {
            return new Found(refusal.triggers(session), StrayWrites.watched(session, run.name()));
        }

        boolean refuses(TableName table) {
            return Optional.ofNullable(triggers.get(table))
                    .filter(Refusal.Trigger::refuses)
                    .isPresent();
        }
    }

    private String now() {
        return run.clock().instant().toString();
    }

    private static StandbyTouched alarm(String what, String at) {
        log.atWarn().addKeyValue("what", what).log("the standby was touched");
        return new StandbyTouched(what, at);
    }

    private Optional<String> trouble(TableName table, Found found, Side standby) {
        return trouble(table, found).map(what -> what.formatted(table, standby.label()));
    }

    /// A table that has nothing of the run's is a new one.
    private Optional<String> trouble(TableName table, Found found) {
        Optional<Refusal.Trigger> now = Optional.ofNullable(found.triggers().get(table));
        Optional<Refusal.Trigger> before = seen.map(known -> known.get(table));
        if (now.isEmpty() && before.isEmpty() && !found.watched().contains(table)) {
            return Optional.empty();
        }
        if (now.isEmpty()) {
            return Optional.of(LOST);
        }
        if (!now.get().refuses()) {
            return Optional.of(DISABLED);
        }
        return before.isPresent() && !before.equals(now) ? Optional.of(ALTERED) : Optional.empty();
    }

    /// Who was replaced meanwhile would close a side that writes may have moved to.
    private void putBack(Refusal refusal, Side standby) {
        seen = Optional.empty();
        soon(() ->
                run.target()
                        .tx(held ->
                                run.db(standby)
                                        .tx(session -> {
                                            session.run(StrayWrites.LIMITS);
                                            refusal.refuse(session);
                                            Lease.hold(held, run.name(), run.epoch());
                                        })));
    }

    private void watch(Refusal refusal, Side standby) {
        soon(() ->
                run.db(standby)
                        .tx(session -> StrayWrites.watch(session, run.name(), refusal.tables())));
    }

    /// Who has a table locked for long is waited for at the next look.
    private static void soon(Runnable work) {
        try {
            work.run();
        } catch (LockstepException e) {
            if (e.fault() != Fault.LOCK_TIMEOUT) {
                throw e;
            }
            log.atDebug().setCause(e).log("tried again at the next look");
        }
    }
}
