package dev.lockstep.cdc.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.model.Pipe.Left;
import dev.lockstep.testing.explore.Explorer;
import dev.lockstep.testing.explore.Outcome;
import dev.lockstep.testing.explore.Outcome.Violation;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Every state that changes on their way from the slot to the standby can come to.
@Execution(ExecutionMode.CONCURRENT)
class LogModelTest {
    private static final int STATES_MOST = 200_000;

    /// The last column is what was found when the model was written: one that shrinks proves less.
    @ParameterizedTest(name = "{0} writes, {1} a record, {2} crashes, {3} losses, {4} set back")
    @CsvSource({
        "2, 1, 1, 0, 0, 150000",
        "1, 2, 1, 0, 0, 11000",
        "1, 1, 1, 1, 0, 150000",
        "2, 2, 0, 1, 0, 7600",
        "2, 2, 0, 0, 1, 33000"
    })
    void everyClaimHoldsInEveryState(
            int writes, int frame, int crashes, int losses, int setBacks, int statesLeast) {
        Left left = new Left(frame, crashes, losses, setBacks);
        Outcome outcome = explore(new LogModel(writes, left, LogFlaw.NONE));
        assertThat(outcome.violation()).isEmpty();
        assertThat(outcome.states()).isGreaterThanOrEqualTo(statesLeast);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void everyFlawIsFound(LogFlaw flaw) {
        Outcome outcome = explore(new LogModel(2, flaw.left(), flaw));
        assertThat(outcome.violation()).map(Violation::invariant).contains(flaw.claim);
    }

    private static Outcome explore(LogModel model) {
        return Explorer.explore(model, STATES_MOST);
    }
}
