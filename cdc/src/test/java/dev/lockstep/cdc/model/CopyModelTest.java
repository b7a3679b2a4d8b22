package dev.lockstep.cdc.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.explore.Explorer;
import dev.lockstep.testing.explore.Outcome;
import dev.lockstep.testing.explore.Outcome.Violation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Every state that a copy, the writes beside it and its crashes can come to.
@Execution(ExecutionMode.CONCURRENT)
class CopyModelTest {
    private static final int STATES_MOST = 200_000;

    /// The last column is what was found when the model was written: one that shrinks proves less.
    @ParameterizedTest(name = "{0} writes, {1} crashes")
    @CsvSource({"2, 2, 34000", "3, 0, 119000"})
    void everyClaimHoldsInEveryState(int writes, int crashes, int statesLeast) {
        Outcome outcome = explore(writes, crashes, CopyFlaw.NONE);
        assertThat(outcome.violation()).isEmpty();
        assertThat(outcome.states()).isGreaterThanOrEqualTo(statesLeast);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void everyFlawIsFound(CopyFlaw flaw) {
        Outcome outcome = explore(2, 1, flaw);
        assertThat(outcome.violation()).map(Violation::invariant).contains(flaw.claim);
    }

    /// What makes the others worth something: a broken claim is told with the way there.
    @Test
    void aViolationTellsItsWay() {
        assertThat(explore(1, 0, CopyFlaw.READ_BEFORE_SLOT).violation().orElseThrow())
                .asString()
                .contains(CopyModel.EXACT, "chunk 0 is read", "the slot is made");
    }

    private static Outcome explore(int writes, int crashes, CopyFlaw flaw) {
        return Explorer.explore(new CopyModel(writes, crashes, flaw), STATES_MOST);
    }
}
