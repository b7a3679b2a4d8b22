package dev.lockstep.orchestrator.kill;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/// Lockstep's process is killed with SIGKILL, again and again, while an application writes; the
/// next one goes on with the run. Nobody ever finds both sides open, no acknowledged write is lost,
/// both sides are equal in the end, and nothing is left over.
@Order(1)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class KillTest {
    @TempDir private Path folder = Path.of("");
    private final List<Story> stories = new ArrayList<>();

    @AfterEach
    void close() {
        stories.forEach(Story::close);
    }

    /// What is asked of the killed ones is true of one that nobody kills. It also leaves the cache
    /// with which the others start.
    @Test
    @Order(1)
    void aProcessThatIsNotKilledFinishesItsRun() {
        story(1, "complete").finish();
    }

    @TestFactory
    @Order(2)
    Stream<DynamicTest> aRunIsFinishedWhoseProcessWasKilledInEachState() {
        return told(story(1, "complete"), KillPoint.ofStates());
    }

    @TestFactory
    @Order(3)
    Stream<DynamicTest> aRunIsGivenUpWhoseProcessWasKilledInThat() {
        return told(story(2, "abort"), KillPoint.ofAbort());
    }

    @TestFactory
    @Order(4)
    Stream<DynamicTest> aRunIsFinishedWhoseProcessWasKilledBeforeStepsOfASwitch() {
        return told(story(7, "complete"), KillPoint.ofSteps());
    }

    private Story story(int switches, String end) {
        Story story = new Story(folder, switches, end);
        stories.add(story);
        return story;
    }

    private static Stream<DynamicTest> told(Story story, List<KillPoint> points) {
        return Stream.concat(
                points.stream()
                        .map(point ->
                                dynamicTest("killed: " + point.name(), () -> story.killAt(point))),
                Stream.of(dynamicTest("finished", story::finish)));
    }
}
