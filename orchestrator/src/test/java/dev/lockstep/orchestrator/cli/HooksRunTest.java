package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.Pair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Switches whose clients are held and moved by commands.
class HooksRunTest {
    private static final String PLAN =
            """
            schema: { copy: none }
            cutover:
              max-pause: 60s
              max-lag: 60s
              gate:
                hooks:
                  hold: { run: [./hook, hold], undo: { run: [./hook, let-go] } }
                  move: { run: [./hook, move], undo: { run: [./hook, take-back] } }
                  release: { run: [./hook, release] }
            """;
    private static final String HOOK =
            """
            #!/bin/sh
            echo "$1 $LOCKSTEP_TO" >> calls
            test ! -e "no-$1" || { rm "no-$1"; echo "no $1 today"; exit 1; }
            """;

    @TempDir Path folder;
    private final Pair pair = Pair.create();

    @AfterEach
    void close() {
        pair.close();
    }

    private List<String> calls() throws IOException {
        Path file = folder.resolve("calls");
        List<String> calls = Files.readAllLines(file);
        Files.delete(file);
        return calls;
    }

    @Test
    void hooksAreCalledInTheirOrderAndAgainUntilTheySucceed() throws IOException {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        Move move = Move.of(folder, pair, PLAN);
        move.told("run", "--until", "in-step")
                .refused(4, "PRECONDITION", "hook hold: command \"./hook\" is no program");
        Path hook = Files.writeString(folder.resolve("hook"), HOOK);
        assertThat(hook.toFile().setExecutable(true)).isTrue();
        try (LiveRun run = LiveRun.inStep(move)) {
            move.told("cutover").done();
            assertThat(calls()).containsExactly("hold target", "move target", "release target");
            LiveRun.await("nothing to be at", () -> !Status.of(move).text().contains("at work"));

            Files.createFile(folder.resolve("no-hold"));
            move.told("rollback")
                    .refused(
                            1,
                            "SWITCH_FAILED",
                            "the switch was undone",
                            "hook hold: command \"./hook\" ended with 1; it wrote: no hold today");
            assertThat(calls()).containsExactly("hold source", "let-go source");
            Sides.refuses(pair.source(), "DELETE FROM item", pair.target());

            Files.createFile(folder.resolve("no-move"));
            move.told("rollback").done();
            assertThat(calls())
                    .containsExactly(
                            "hold source",
                            "move source",
                            "take-back source",
                            "move source",
                            "release source");
            Pair.run(pair.source(), "INSERT INTO item VALUES (1)");
            assertThat(run.stop().exit()).isEqualTo(130);
        }
    }
}
