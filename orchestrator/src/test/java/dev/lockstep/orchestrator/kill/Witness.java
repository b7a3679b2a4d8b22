package dev.lockstep.orchestrator.kill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.kill.Databases.Answer;
import dev.lockstep.orchestrator.run.Side;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.function.Supplier;

/// Holds what the application knows against what the databases have.
record Witness(Databases databases, Application application) {
    /// The run is in step and has switched as often as it should. Compares the sides while the
    /// application holds its breath.
    void compare(Supplier<String> situation) {
        application.watch(true);
        application.awaitWrites(50, "the application writes to the active side");
        application.watch(false);
        application.still((expected, active) -> {
            assertThat(differences(expected, active)).as("lost on the active side").isEmpty();
            Side standby = active.other();
            Waiting.until(
                    "the standby holds the same",
                    () -> differences(expected, standby).isEmpty(),
                    () ->
                            String.join("\n", differences(expected, standby))
                                    + "\n"
                                    + situation.get());
        });
    }

    private List<String> differences(Map<String, NavigableMap<Long, String>> expected, Side side) {
        return Tables.differences(expected, Tables.contents(databases.of(side)));
    }

    /// The run has ended with the command `end` and left nothing behind.
    void checkOver(String end, Path folder) {
        Side last = end.equals("abort") ? Side.SOURCE : Side.TARGET;
        application.awaitWrites(20, "the application goes on after the run");
        application.still((expected, active) -> {
            assertThat(active).isEqualTo(last);
            assertThat(differences(expected, last)).as("lost when the run is over").isEmpty();
        });
        assertAnswer(last, Answer.ACCEPTS);
        assertThat(databases.leftOver()).isEmpty();
        assertThat(databases.sessions()).isEmpty();
        assertThat(databases.journal()).noneMatch(line -> line.startsWith("(Failed"));
        assertThat(files(folder)).noneMatch(file -> file.contains("kafka"));
        if (last == Side.SOURCE) {
            assertThat(Tables.contents(databases.of(Side.TARGET)).values())
                    .allMatch(NavigableMap::isEmpty);
        }
    }

    void assertAnswer(Side side, Answer expected) {
        assertThat(databases.answer(side)).as("the " + side.label()).isEqualTo(expected);
    }

    private static List<String> files(Path folder) {
        try (var files = Files.walk(folder)) {
            return files.map(Path::toString).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
