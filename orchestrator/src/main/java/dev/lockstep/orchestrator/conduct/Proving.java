package dev.lockstep.orchestrator.conduct;

import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Drift;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.orchestrator.stage.WayBack;
import dev.lockstep.orchestrator.verify.OtherChecks;
import dev.lockstep.orchestrator.verify.SwitchProof;
import dev.lockstep.plans.catalog.TableName;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/// Finds out whether both sides are the same, before writes move: by the last verification, where
/// that is young and clean and of the tables as they are, or by another one.
final class Proving {
    private static final int REWRITTEN_MAX = 3;

    private final Conductor conductor;
    private final Side to;
    private final Asked asked;

    /// @param to where writes are to move
    Proving(Conductor conductor, Side to, Asked asked) {
        this.conductor = conductor;
        this.to = to;
        this.asked = asked;
    }

    /// What the switch can go by; fails where the sides differ, unless that was accepted.
    SwitchProof prove() throws InterruptedException {
        SwitchProof proof = look();
        requireSound();
        if (isVerified(proof.form())) {
            return proof;
        }
        verify(List.of());
        return compareRewritten(proof);
    }

    private SwitchProof look() {
        Moved now = conductor.flow().present();
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
