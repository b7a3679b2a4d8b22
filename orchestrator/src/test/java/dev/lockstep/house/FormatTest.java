package dev.lockstep.house;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.JavaFormatterOptions.Style;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Spotless cannot check this everywhere: it runs inside Maven's JVM, which may be too old for the
/// formatter. This does the same three steps, in a JVM that is new enough. Spotless leaves imports
/// in one block, whatever the style of the rest.
class FormatTest {
    private static final Formatter FORMATTER =
            new Formatter(JavaFormatterOptions.builder().style(Style.AOSP).build());

    @Test
    void everyJavaFileIsFormatted() {
        List<String> unformatted =
                House.files(".java").parallelStream()
                        .filter(file -> !isFormatted(file))
                        .map(House::name)
                        .toList();
        assertThat(unformatted)
                .as("not formatted; to fix: JAVA_HOME=<a JDK 25> mvn spotless:apply")
                .isEmpty();
    }

    private static boolean isFormatted(Path file) {
        String text = House.text(file);
        try {
            String formatted =
                    RemoveUnusedImports.removeUnusedImports(FORMATTER.formatSource(text));
            return ImportOrderer.reorderImports(formatted, Style.GOOGLE).equals(text);
        } catch (FormatterException e) {
            throw new AssertionError("%s: %s".formatted(House.name(file), e.getMessage()), e);
        }
    }
}
