package dev.lockstep.orchestrator.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.fault.Fault;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class WalBudgetTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private final WalBudget budget = new WalBudget(1_000);

    private boolean isOver(long retained, long second) {
        return budget.look(retained, START.plusSeconds(second)).isPresent();
    }

    @Test
    void whatIsWithinTheLimitIsFineForAnyTime() {
        assertThat(isOver(1_000, 0)).isFalse();
        assertThat(isOver(1_000, 3_600)).isFalse();
    }

    @Test
    void tooMuchThatDoesNotShrinkIsAFault() {
        assertThat(isOver(1_001, 0)).isFalse();
        assertThat(isOver(1_500, 29)).isFalse();
        assertThat(budget.look(1_234_567, START.plusSeconds(30)))
                .hasValueSatisfying(fault -> {
                    assertThat(fault.fault()).isEqualTo(Fault.WAL_BUDGET);
                    assertThat(fault.text()).contains("1,234,567", "1,000", "abort");
                });
    }

    @Test
    void tooMuchThatShrinksIsWorkedOff() {
        for (int second = 0; second < 100; second += 20) {
            assertThat(isOver(9_000 - second, second)).isFalse();
        }
        assertThat(isOver(9_000, 109)).isFalse();
        assertThat(isOver(9_000, 110)).isTrue();
    }

    @Test
    void theLimitKeptOnceTheTimeStartsAgain() {
        assertThat(isOver(2_000, 0)).isFalse();
        assertThat(isOver(500, 20)).isFalse();
        assertThat(isOver(3_000, 40)).isFalse();
        assertThat(isOver(3_000, 60)).isFalse();
        assertThat(isOver(3_000, 70)).isTrue();
    }
}
