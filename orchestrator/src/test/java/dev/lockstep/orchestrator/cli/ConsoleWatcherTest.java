package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.console.Console;
import dev.lockstep.orchestrator.console.Screen;
import dev.lockstep.orchestrator.run.RunState.Copying;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.RunState.Switching;
import dev.lockstep.orchestrator.run.Side;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ConsoleWatcherTest {
    private Instant now = Instant.EPOCH;
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final ConsoleWatcher watcher =
            new ConsoleWatcher(
                    Console.create(
                            new PrintStream(written, true, StandardCharsets.UTF_8),
                            Screen.PIPE,
                            () -> now));

    @Test
    void whatIsNotCountedYetIsNoTotal() {
        watcher.entered(new Copying());
        later();
        watcher.copying(0, 6_883, 0, 8);
        later();
        watcher.copying(1_000, 215_652, 1, 50);
        assertThat(written.toString(StandardCharsets.UTF_8).lines())
                .containsExactly(
                        "copying ...",
                        "copying about 6,883 rows in 8 chunks counted so far  10.0 s",
                        "copying   0% 1,000/215,652 rows, 1 of 50 chunks  20.0 s");
    }

    private void later() {
        now = now.plusSeconds(10);
    }

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
