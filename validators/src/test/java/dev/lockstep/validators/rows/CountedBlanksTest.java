package dev.lockstep.validators.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.validators.Cell;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Many blanks at the ends of a value that is shown to a person.
class CountedBlanksTest {
    private static String shown(String active, String standby) {
        Cell cell = Value.cell("v", value(active), value(standby));
        return cell.active() + " | " + cell.standby();
    }

    private static Value value(String text) {
        return new Value(Optional.of(text), text.length());
    }

    private static String x(int count) {
        return "x".repeat(count);
    }

    private static String blanks(int count) {
        return " ".repeat(count);
    }

    @Test
    void theyAreCountedFromFourOn() {
        assertThat(shown("planted" + blanks(77), blanks(84)))
                .isEqualTo("'planted' and 77 blanks | 84 blanks");
        assertThat(shown("a    ", "a   ")).isEqualTo("'a' and 4 blanks | 'a   '");
        assertThat(shown("    a", "     a ")).isEqualTo("4 blanks and 'a' | 5 blanks and 'a '");
        assertThat(shown("a" + blanks(9) + "b", "a b")).contains("'a         b'");
    }

    @Test
    void noTextLooksLikeThem() {
        assertThat(shown("x and 4 blanks", "x    "))
                .isEqualTo("'x and 4 blanks' | 'x' and 4 blanks");
        assertThat(shown("4 blanks", "    ")).isEqualTo("'4 blanks' | 4 blanks");
    }

    @Test
    void ofALongValueTheEndBesideThemIsShown() {
        assertThat(shown(x(100) + blanks(300), x(100)))
                .isEqualTo(
                        ("...'%1$s' and 300 blanks (400 characters, of which the first 100 are"
                                        + " alike) | ...'%1$s' (100 characters)")
                                .formatted(x(20)));
        assertThat(shown(blanks(300) + x(100), blanks(299) + x(100)))
                .isEqualTo(
                        ("300 blanks and '%1$s'... (400 characters, of which the first 299 are"
                                        + " alike) | 299 blanks and '%1$s'... (399 characters)")
                                .formatted(x(80)));
    }

    @Test
    void besideALongValueThereMayBeNothingElse() {
        assertThat(shown(x(81), ""))
                .isEqualTo("'%s'... (81 characters) | '' (0 characters)".formatted(x(80)));
        assertThat(shown(x(81), blanks(90))).endsWith(" | 90 blanks (90 characters)");
    }
}
