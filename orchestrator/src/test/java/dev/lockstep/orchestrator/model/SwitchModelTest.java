package dev.lockstep.orchestrator.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.explore.Explorer;
import dev.lockstep.testing.explore.Outcome;
import dev.lockstep.testing.explore.Outcome.Violation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Every state that a switch, its failures and those who take it up can come to.
class SwitchModelTest {
    private static final int STATES_MOST = 400_000;

    /// The last column is what was found when the model was written: one that shrinks proves less.
    @ParameterizedTest(name = "{0} writes, {1} failures, {2} switches, {3} damages")
    @CsvSource({"2, 1, 2, 0, 80000", "1, 2, 1, 0, 69000", "1, 1, 1, 1, 21000"})
    void everyClaimHoldsInEveryState(
            int writes, int failures, int switches, int damages, int statesLeast) {
        Budget budget = new Budget(writes, failures, switches, damages);
        Outcome outcome = explore(new SwitchModel(budget, Flaw.NONE, false));
        assertThat(outcome.violation()).isEmpty();
        assertThat(outcome.states()).isGreaterThanOrEqualTo(statesLeast);
    }

    /// The one thing that no lock can keep a process from that slept for long: the slot of a stream
    /// whose position nobody has claimed yet. What is missing then is told, never passed over.
    @Test
    void aSlotThatASleeperRemovesIsMissedByName() {
        Outcome outcome = explore(new SwitchModel(new Budget(1, 1, 2, 0), Flaw.NONE, true));
        assertThat(outcome.violation()).isEmpty();
        assertThat(outcome.states()).isGreaterThanOrEqualTo(16_000);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void everyFlawIsFound(Flaw flaw) {
        Outcome outcome = explore(new SwitchModel(flaw.budget(), flaw, false));
        assertThat(outcome.violation()).map(Violation::invariant).contains(flaw.claim);
    }

    private static Outcome explore(SwitchModel model) {
        return Explorer.explore(model, STATES_MOST);
    }
}
