package dev.lockstep.orchestrator.switching;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SequenceNumbersTest {
    @ParameterizedTest
    @CsvSource({
        "1, 1, 1000, 5, 105",
        "10, 1, 100000, 5, 1005",
        "-1, -1000, -1, -5, -105",
        "1, 1, 100, 98, 99",
        "1, 1, 100, 99, 99",
        "1, 1, 100, 100, 100",
        "1, 7, 7, 7, 7",
        "1000, 1, 7000, 6001, 6001",
        "-3, -20, 20, 20, 2",
        "1, 1, 9223372036854775807, 9223372036854775800, 9223372036854775803",
        "1, -9223372036854775808, 9223372036854775807, -9223372036854775808, -9223372036854775708",
    })
    void goesFurtherByNoMoreThanHalfOfWhatIsLeft(
            long increment, long min, long max, long at, long expected) {
        SequenceNumbers numbers = new SequenceNumbers(increment, min, max, 1, false);
        assertThat(numbers.further(at)).isEqualTo(expected);
    }

    /// Each call of `nextval` may take as many as a session keeps.
    @ParameterizedTest
    @CsvSource({"50, 2147483647, 1, 5001", "1000, 32767, 1, 2048", "20, 100, 1, 50"})
    void goesFurtherByWhatSessionsMayKeep(long cache, long max, long at, long expected) {
        SequenceNumbers numbers = new SequenceNumbers(1, 1, max, cache, false);
        assertThat(numbers.further(at)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1000, 950, 50",
        "1, 1, 1000, 1000, 100",
        "-1, 1, 1000, 1, 901",
        "7, 1, 1000, 995, 491",
        "1, 5, 5, 5, 5",
        "1, 1, 10, 10, 4",
    })
    void aSequenceThatCyclesGoesOnAtItsOtherEnd(
            long increment, long min, long max, long at, long expected) {
        SequenceNumbers numbers = new SequenceNumbers(increment, min, max, 1, true);
        assertThat(numbers.further(at)).isEqualTo(expected);
    }
}
