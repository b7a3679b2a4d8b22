package dev.lockstep.orchestrator.switching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.catalog.Sequence;
import dev.lockstep.plans.catalog.TableName;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SequenceCarrierTest {
    @ParameterizedTest
    @CsvSource({
        "1, 1, 1000, 5, 105",
        "10, 1, 100000, 5, 1005",
        "-1, -1000, -1, -5, -105",
        "1, 1, 100, 98, 99",
        "1, 1, 100, 99, 99",
        "1, 1, 100, 100, 100",
        "1000, 1, 7000, 6001, 6001",
        "-3, -20, 20, 20, 2",
        "1, 1, 9223372036854775807, 9223372036854775800, 9223372036854775803",
    })
    void goesFurtherByNoMoreThanHalfOfWhatIsLeft(
            long increment, long min, long max, long last, long expected) {
        Sequence sequence =
                new Sequence(
                        new TableName("public", "s"),
                        increment,
                        min,
                        max,
                        false,
                        Optional.empty(),
                        Optional.empty());
        assertThat(SequenceCarrier.further(sequence, last)).isEqualTo(expected);
    }
}
