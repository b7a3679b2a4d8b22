package dev.lockstep.cdc.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.capture.ColumnNumbers.Present;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Old columns, present ones with `-` for each that was dropped, and the numbers of the old ones.
class ColumnNumbersTest {
    @ParameterizedTest
    @CsvSource({
        // nothing changed
        "a b c,    a b c,      1 2 3",
        "a c,      a - c,      1 3",
        // added
        "a b,      a b c,      1 2",
        "a b,      a b - c,    1 2",
        "a b,      a b c -,    1 2",
        // dropped
        "a b c,    a b -,      1 2 0",
        "a b c,    - b c,      0 2 3",
        "a b c,    a - -,      1 0 0",
        "a b c,    a - c d,    1 0 3",
        // renamed
        "a b c,    a x c,      1 2 3",
        "a b,      b a,        1 2",
        "a b,      a x y,      1 2",
        "a b c,    x y z,      1 2 3",
        "a b,      b c,        1 2",
        "a b c,    - x c,      ?",
        "b c,      - x c,      2 3",
        "a c d,    a - x d,    1 3 4",
        // both, told by what lies beside them
        "a b c d,  - b x d,    0 2 3 4",
        "a b c d,  a x c -,    1 2 3 0",
        // who knows
        "a b,      a - c,      ?",
        "a b c d,  a x c - e,  ?",
        "a b c,    a - x,      ?",
        "a b,      a x b,      ?",
        "a b c,    a b,        ?"
    })
    void columnsAreFound(String told, String present, String numbers) {
        Optional<String> found =
                ColumnNumbers.of(words(told), present(words(present)))
                        .map(list ->
                                list.stream()
                                        .map(String::valueOf)
                                        .collect(Collectors.joining(" ")));
        assertThat(found.orElse("?")).isEqualTo(numbers);
    }

    private static List<String> words(String text) {
        return Arrays.asList(text.split(" ", -1));
    }

    private static List<Present> present(List<String> names) {
        List<Present> columns = new ArrayList<>();
        for (String name : names) {
            boolean dropped = name.equals("-");
            columns.add(new Present(columns.size() + 1, dropped ? "" : name, dropped));
        }
        return columns;
    }
}
