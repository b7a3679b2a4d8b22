package dev.lockstep.orchestrator.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.fault.Fault;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HistoryTest {
    private static final RunEvent.Verified VERIFIED =
            new RunEvent.Verified(
                    true, false, 3, 100, 0, "", "0/1", "then", 4, "form", "now", List.of());

    /// What undoes such a statement may leave no other trace.
    @ParameterizedTest
    @CsvSource({"CHANGE_REFUSED, ''", "STATEMENT_FAILED, ''", "UNREACHABLE, form"})
    void aVerificationCountsNoMoreOnceAChangeWasRefused(Fault fault, String form) {
        History history =
                inStep().after(new RunEvent.Failed(fault.name(), "why"))
                        .after(new RunEvent.Resumed());
        assertThat(history.lastVerification().map(RunEvent.Verified::form)).contains(form);
        assertThat(history.lastVerification().map(RunEvent.Verified::finishedAt)).contains("now");
    }

    @Test
    void aVerificationCountsNoMoreOnceTheStandbyWasTouched() {
        RunEvent.StandbyTouched alarm = new RunEvent.StandbyTouched("table \"a\"", "now");
        History history = inStep().after(alarm);
        assertThat(history.lastVerification().map(RunEvent.Verified::form)).contains("");
        assertThat(history.isTold("table \"a\"")).isTrue();
        assertThat(history.isTold("table \"b\"")).isFalse();
        History verified = history.after(VERIFIED);
        assertThat(verified.isTold("table \"a\"")).as("it may have come again").isFalse();
        assertThat(verified.after(alarm).alarms()).containsExactly(alarm);
    }

    private static History inStep() {
        return History.NEW
                .after(new RunEvent.Started())
                .after(new RunEvent.SchemaExpanded())
                .after(new RunEvent.Copied(7))
                .after(new RunEvent.CaughtUp(1))
                .after(VERIFIED);
    }
}
