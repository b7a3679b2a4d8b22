package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.console.Console;
import dev.lockstep.orchestrator.console.Screen;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.RunState.Switching;
import dev.lockstep.orchestrator.run.Side;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ConsoleWatcherTest {
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final ConsoleWatcher watcher =
            new ConsoleWatcher(
                    Console.create(
                            new PrintStream(written, true, StandardCharsets.UTF_8),
                            Screen.PIPE,
                            () -> Instant.EPOCH));

    @Test
    void aSwitchThatWasUndoneIsNotToldAsDone() {
        watcher.entered(new Switching(Side.SOURCE, 0, false));
        watcher.entered(new InStep(Side.SOURCE, 0));
        watcher.entered(new Switching(Side.SOURCE, 0, true));
        watcher.entered(new InStep(Side.TARGET, 1));
        assertThat(written.toString(StandardCharsets.UTF_8).lines())
                .containsExactly(
                        "switching ...",
                        "switching      undone in 0 ms",
                        "in-step, active: source ...",
                        "in-step, active: source done in 0 ms",
                        "switching ...",
                        "switching      done in 0 ms",
                        "in-step, active: target ...");
    }
}
