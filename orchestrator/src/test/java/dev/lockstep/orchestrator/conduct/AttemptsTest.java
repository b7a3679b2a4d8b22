package dev.lockstep.orchestrator.conduct;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AttemptsTest {
    private static final RunState COPYING = new RunState.Copying();
    private static final RunState CATCHING_UP = new RunState.CatchingUp();

    private final Attempts attempts = new Attempts();

    /// How long is waited after each of so many failures; -1 where no attempt is left.
    private List<Long> pauses(int failures, RunState state) {
        List<Long> pauses = new ArrayList<>();
        for (int i = 0; i < failures; i++) {
            attempts.start();
            LockstepException away = new LockstepException(Fault.UNREACHABLE, "away");
            pauses.add(attempts.pauseAfter(away, state).orElse(-1));
        }
        return pauses;
    }

    @Test
    void whatMayPassIsTriedEightTimesWithLongerAndLongerPauses() {
        List<Long> pauses = pauses(8, COPYING);
        assertThat(pauses.getLast()).isEqualTo(-1);
        assertThat(pauses.subList(0, 7)).allMatch(pause -> pause >= 350 && pause <= 26_000);
        assertThat(pauses.get(6)).isGreaterThan(pauses.getFirst());
    }

    @Test
    void aRunThatHasComeForwardHasAllAttemptsAgain() {
        assertThat(pauses(7, COPYING)).doesNotContain(-1L);
        assertThat(pauses(7, CATCHING_UP)).doesNotContain(-1L);
        assertThat(pauses(1, CATCHING_UP)).containsExactly(-1L);
    }

    @Test
    void aSwitchThatIsBegunAgainAndAgainIsNoProgress() {
        RunState inStep = new RunState.InStep(Side.SOURCE, 0);
        RunState switching = new RunState.Switching(Side.SOURCE, 0, false);
        assertThat(pauses(4, inStep)).doesNotContain(-1L);
        assertThat(pauses(3, switching)).doesNotContain(-1L);
        assertThat(pauses(1, inStep)).containsExactly(-1L);
    }

    @Test
    void whatDoesNotPassIsNotTriedAgain() {
        attempts.start();
        LockstepException lasting = new LockstepException(Fault.POSITION_LOST, "gone");
        assertThat(attempts.pauseAfter(lasting, COPYING)).isEmpty();
    }
}
