package dev.lockstep.orchestrator.kill;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.lockstep.orchestrator.run.Side;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// The network between Lockstep and its databases fails for a while, in every state of a run and at
/// every step of its switches. The run goes on by itself, no acknowledged write is lost, both sides
/// are equal in the end, and nothing is left over.
@Order(2)
class FaultTest {
    private static final boolean HEAVY = Boolean.getBoolean("lockstep.heavy");

    @TempDir private Path folder = Path.of("");

    /// What happens to the connections with one side.
    enum Trouble {
        /// All are ended, and new ones refused for a while.
        CUT,
        /// All fall silent, while new ones can be made.
        STALLED,
        /// The server does what the next commit says, and its answer does not arrive.
        COMMIT_UNANSWERED
    }

    @TestFactory
    Stream<DynamicTest> aRunGetsOverTroubleWithItsNetwork() {
        return Arrays.stream(Trouble.values())
                .flatMap(trouble ->
                        sides().stream()
                                .map(side ->
                                        dynamicTest(
                                                trouble + " " + side.label(),
                                                () -> tell(trouble, side))));
    }

    /// One of them, always another one; both with `-Dlockstep.heavy=true`.
    private static List<Side> sides() {
        List<Side> sides = Arrays.asList(Side.values());
        return HEAVY ? sides : List.of(sides.get(new SecureRandom().nextInt(sides.size())));
    }

    private void tell(Trouble trouble, Side side) throws Exception {
        try (FaultStory story =
                new FaultStory(folder.resolve(trouble + side.label()), trouble, side)) {
            story.tell();
        }
    }
}
