package dev.lockstep.plans.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/// One mistake each, and what is said about it. The mistakes stand in the files beside this test.
class PlanProblemsTest {
    @TempDir Path temp;
    private PlanFolder plans;

    @BeforeEach
    void folder() {
        plans = PlanFolder.at(temp);
    }

    /// The file: what is added to the least plan as its sixth line, and what is said of it.
    @ParameterizedTest(name = "{0}")
    @CsvFileSource(resources = "added-mistakes.psv", delimiter = '|', quoteCharacter = '`')
    void eachMistakeIsOneProblem(String added, String expected) {
        String yaml = PlanFolder.MINIMAL + added + "\n" + (added.equals("---") ? "x: 1" : "");

        assertThat(plans.problems(yaml))
                .singleElement()
                .asString()
                .startsWith(added.equals("---") ? "7: " : "6: ")
                .contains(expected);
    }

    @ParameterizedTest(name = "{0}")
    @CsvFileSource(resources = "required-key-mistakes.psv", delimiter = '|', quoteCharacter = '`')
    void mistakesInTheRequiredKeys(String written, String instead, String expected) {
        int at = PlanFolder.MINIMAL.lastIndexOf(written);
        String yaml =
                PlanFolder.MINIMAL.substring(0, at)
                        + instead
                        + PlanFolder.MINIMAL.substring(at + written.length());

        assertThat(plans.problems(yaml)).anySatisfy(p -> assertThat(p).startsWith(expected));
    }

    @Test
    void filesThatAreNoPlanSayWhy() throws IOException {
        Path latin = temp.resolve("latin.yaml");
        Files.write(latin, "name: caf\u00e9".getBytes(StandardCharsets.ISO_8859_1));

        assertThat(plans.problems(temp.resolve("none.yaml")))
                .containsExactly("the file does not exist, expected a file");
        assertThat(plans.problems(temp)).containsExactly("the file is a folder, expected a file");
        assertThat(plans.problems(latin))
                .containsExactly("the file is not UTF-8, expected text in UTF-8");
        assertThat(plans.problems(""))
                .containsExactly(
                        "1: the file is empty, expected a plan that starts with \"lockstep: 1\"");
        assertThat(plans.problems("# only a comment\n---\n"))
                .singleElement()
                .asString()
                .contains("the file is empty");
        assertThat(plans.problems("- a\n"))
                .singleElement()
                .asString()
                .startsWith("1: the file is a list or a text, expected a plan");
        assertThat(plans.problems("lockstep: 1\nname: \0\n"))
                .containsExactly(
                        "2: found the character U+0000, expected text that can be printed");
        assertThat(plans.problems("x".repeat(PlanText.BYTES_MAX + 1)))
                .singleElement()
                .asString()
                .contains("larger than 1 MiB");
    }

    @Test
    void aVariableThatIsNotSetIsOneProblemWithAllItsLines() {
        String yaml =
                PlanFolder.MINIMAL
                        .replace("hush-1", "\"${A}${A}\"")
                        .replace("hush-2", "\"${A}\"")
                        .replace("mover", "\"${B}\"");

        assertThat(plans.problems(yaml))
                .containsExactly(
                        "3: the environment variable B is not set, expected a value for ${B}; the"
                                + " same on line 4",
                        "3: the environment variable A is not set, expected a value for ${A}; the"
                                + " same on line 4");
    }

    @Test
    void syntaxErrorsTellWhereTheyStart() {
        assertThat(plans.problems("lockstep: 1\nname: 'shop\nkafka: embedded\n"))
                .singleElement()
                .asString()
                .startsWith("2: not YAML: found unexpected end of stream");
        assertThat(plans.problems("lockstep: 1\nname: shop\n\tkafka: embedded\n"))
                .singleElement()
                .asString()
                .startsWith("3: not YAML");
        assertThat(plans.problems("lockstep: 1\nname: a: b\n"))
                .singleElement()
                .asString()
                .startsWith("2: not YAML: mapping values are not allowed here");
    }
}
