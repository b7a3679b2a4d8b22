package dev.lockstep.orchestrator.conduct;

import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Drift;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.orchestrator.stage.WayBack;
import dev.lockstep.orchestrator.verify.LateChanges;
import dev.lockstep.orchestrator.verify.OtherChecks;
import dev.lockstep.orchestrator.verify.SwitchProof;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Finds out whether both sides are the same, before writes move: by the last verification, where
/// that is young and clean and of the tables as they are, and what was changed since, or by another
/// one.
final class Proving {
    private static final Logger log = LoggerFactory.getLogger(Proving.class);
    private static final String PREPARED =
            """
            SELECT format('%L of %s, prepared %s', gid, owner, prepared) AS line
              FROM pg_prepared_xacts WHERE database = current_database()\
            """;

    private static final int REWRITTEN_MAX = 3;
    private static final int CUTS_MAX = 3;
    private static final Duration COME_UP_MAX = Duration.ofSeconds(30);

    private final Conductor conductor;
    private final Side to;
    private final Asked asked;
    private Optional<LateChanges> changes = Optional.empty();

    /// @param to where writes are to move
    Proving(Conductor conductor, Side to, Asked asked) {
        this.conductor = conductor;
        this.to = to;
        this.asked = asked;
    }

    /// What the switch can go by; fails where the sides differ, unless that was accepted.
    SwitchProof prove() throws InterruptedException {
        requireNonePrepared();
        SwitchProof proof = look();
        requireSound();
        if (isVerified(proof.form())) {
            Optional<LateChanges> late = conductor.flow().comparedUpTo().map(this::since);
            if (late.isPresent() && bringUp(late.get(), false)) {
                return goBy(proof, late.get());
            }
        }
        verify(List.of());
        LateChanges late = since(conductor.flow().comparedUpTo().orElseThrow());
        SwitchProof later = compareRewritten(proof);
        if (!bringUp(late, true)) {
            throw new LockstepException(
                    Fault.PRECONDITION,
                    "what was changed since both sides were compared is not known any more; try"
                            + " again, which compares them once more");
        }
        requireUntouched();
        return goBy(later, late);
    }

    private void requireNonePrepared() {
        try (Session session = conductor.run().db(to.other()).brief("switch")) {
            List<String> prepared = session.rows(PREPARED, row -> row.text("line"));
            if (!prepared.isEmpty()) {
                throw new LockstepException(
                        Fault.PRECONDITION,
                        ("prepared transactions hold changes that no stream shows: %s; "
                                        + "COMMIT PREPARED or ROLLBACK PREPARED them first")
                                .formatted(String.join("; ", prepared)));
            }
        }
    }

    /// What came to the standby while it was compared may be in no comparison.
    private void requireUntouched() {
        if (conductor.history().lastVerification().filter(Verified::isCurrent).isEmpty()) {
            throw new LockstepException(
                    Fault.PRECONDITION,
                    "the standby was written to while both sides were compared, `status` says how;"
                            + " try again, which compares them once more");
        }
    }

    private LateChanges since(Lsn cut) {
        Flow flow = conductor.flow();
        return new LateChanges(conductor.run(), flow.moved(), to.other(), flow.flowing(), cut);
    }

    private SwitchProof goBy(SwitchProof proof, LateChanges late) {
        late.prepare();
        late.leaveKeylessOut();
        changes = Optional.of(late);
        return proof.with(late, conductor.checks(asked)::storesAndAccepts);
    }

    /// Compares once more what was changed since the last cut, to be called as late as possible
    /// before writes are held.
    void leaveFew() throws InterruptedException {
        LateChanges late = changes.orElseThrow();
        comeUp();
        if (late.areKnown() && !late.areVeryFew()) {
            compareUntilFew(late);
        }
    }

    /// Compares what was changed since a cut, so that only little of it is left for the fence.
    /// False where it is not known what was changed.
    ///
    /// @param young whether that cut was made just now, and is not worth another one for little
    private boolean bringUp(LateChanges late, boolean young) throws InterruptedException {
        comeUp();
        if (!(young && late.areFew())) {
            compareUntilFew(late);
        }
        return late.areKnown();
    }

    private void compareUntilFew(LateChanges late) throws InterruptedException {
        boolean few = false;
        for (int cuts = 0; cuts < CUTS_MAX && late.areKnown() && !late.areNone() && !few; cuts++) {
            few = !isCompared(late) || late.areFew();
        }
    }

    /// Compares it at a cut. False where transactions that are open are in the way of one, and
    /// little has been changed.
    private boolean isCompared(LateChanges late) throws InterruptedException {
        try {
            conductor.checks(asked).requireEqual(late);
            comeUp();
            return true;
        } catch (LockstepException e) {
            if (e.fault() != Fault.LOCK_TIMEOUT) {
                throw e;
            }
            comeUp();
            if (!late.areFew()) {
                throw e;
            }
            log.atInfo().addKeyValue("why", e.text()).log("what changed is left for the fence");
            return false;
        }
    }

    /// Waits for the standby, which is held at a cut, and else would make the pause longer. It may
    /// be as far behind as the plan lets it be for a switch.
    private void comeUp() throws InterruptedException {
        Duration lag = conductor.run().plan().cutover().maxLag();
        conductor.flowing().drain(lag.compareTo(COME_UP_MAX) > 0 ? lag : COME_UP_MAX);
    }

    private SwitchProof look() {
        Moved now = Moved.read(conductor.run());
        Drift.requireNone(conductor.flow().moved(), now);
        if (to == Side.SOURCE) {
            conductor
                    .history()
                    .lastSwitch()
                    .ifPresent(last -> Drift.requireNoneLeftBehind(now, last.others()));
        }
        conductor.watchStandby();
        WayBack.require(conductor.run(), now, to.other());
        return SwitchProof.of(conductor.run(), to.other(), now);
    }

    /// What the catalogs tell, whatever was found before.
    private void requireSound() {
        OtherChecks others =
                OtherChecks.of(conductor.run(), conductor.flow().moved(), to.other(), List.of());
        conductor.checks(asked).requireSound(others.catalogs());
    }

    /// Whether the last verification counts for tables of this form.
    private boolean isVerified(String form) {
        Instant now = conductor.run().clock().instant();
        Duration maxAge = conductor.run().plan().verify().maxAge();
        return conductor
                .history()
                .lastVerification()
                .filter(Verified::letsWritesMove)
                .filter(v -> v.form().equals(form))
                .filter(v -> Instant.parse(v.finishedAt()).plus(maxAge).isAfter(now))
                .isPresent();
    }

    private void verify(List<TableName> only) throws InterruptedException {
        Checks checks = conductor.checks(asked);
        checks.requireSound(checks.requireEqual(only));
    }

    /// Tables that came to other files while all were compared are compared again by themselves, so
    /// that nothing, or little, is left to be compared under the fence. Returns what holds then.
    private SwitchProof compareRewritten(SwitchProof before) throws InterruptedException {
        SwitchProof proof = before;
        for (int attempt = 1; attempt <= REWRITTEN_MAX; attempt++) {
            SwitchProof later = look();
            proof.requireUnaltered(later);
            Set<TableName> rewritten = proof.rewritten(later);
            if (rewritten.isEmpty()) {
                break;
            }
            verify(List.copyOf(rewritten));
            proof = later;
        }
        return proof;
    }
}
