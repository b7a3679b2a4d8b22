package dev.lockstep.orchestrator.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConsoleTest {
    private static final Screen TERMINAL = new Screen(80, false, true);

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(written, true, StandardCharsets.UTF_8);
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final InstantSource clock = () -> now;

    @Test
    void aPipeGetsALinePerBeginningAndEndAndOneProgressLineEveryFiveSeconds() {
        Console console = Console.create(out, Screen.PIPE, clock);
        Line copying = console.line("copying");
        for (int second = 1; second <= 12; second++) {
            pass(1_000);
            copying.update(second * 1_000L, 20_000, "rows, %d chunks".formatted(second));
        }
        console.say("all rows are there");
        copying.done("20,000 rows");

        assertThat(written.toString(StandardCharsets.UTF_8).lines())
                .containsExactly(
                        "copying ...",
                        "copying  25% 5,000/20,000 rows, 5 chunks  800/s  5.0 s",
                        "copying  50% 10,000/20,000 rows, 10 chunks  900/s  10.0 s",
                        "all rows are there",
                        "copying        done in 12.0 s: 20,000 rows");
    }

    @Test
    void aTerminalRedrawsInPlaceTenTimesASecondAtMost() {
        Console console = Console.create(out, TERMINAL, clock);
        Line copying = console.line("copying");
        written.reset();
        for (int i = 1; i <= 100; i++) {
            pass(10);
            copying.update(i, 100, "rows");
        }

        String drawn = written.toString(StandardCharsets.UTF_8);
        assertThat(drawn.split("\u001b\\[1A", -1)).hasSize(1 + 10);
        assertThat(lastFrame(drawn))
                .startsWith("copying")
                .contains("█ 100% 100/100 rows")
                .contains("1.0 s");
    }

    @Test
    void linesAreNoWiderThanTheTerminal() {
        for (int columns : new int[] {20, 40, 80, 200}) {
            written.reset();
            Console console = Console.create(out, new Screen(columns, false, true), clock);
            Line copying = console.line("copying");
            pass(1_000);
            copying.update(123_456, 1_000_000, "rows, 12 of 96 chunks");

            assertThat(lastFrame(written.toString(StandardCharsets.UTF_8)).length())
                    .isLessThan(columns);
        }
    }

    @Test
    void whatEndsStaysAboveWhatGoesOn() {
        Console console = Console.create(out, TERMINAL, clock);
        Line servers = console.line("servers");
        Line writers = console.line("writers");
        written.reset();
        pass(2_000);
        servers.done("two of them");
        servers.done("again");
        writers.update("400/s");
        console.close();

        String drawn = written.toString(StandardCharsets.UTF_8);
        assertThat(drawn).startsWith("\u001b[2Aservers        done in 2.0 s: two of them");
        assertThat(drawn).doesNotContain("again");
        assertThat(lastFrame(drawn)).contains("writers         400/s");
    }

    @Test
    void coloursAreUsedUnlessNoColorIsSetAndAsciiWhereBlocksCannotBeShown() {
        assertThat(Screen.of(80, Map.of(), out)).isEqualTo(new Screen(80, true, true));
        assertThat(Screen.of(80, Map.of("NO_COLOR", "1"), out)).isEqualTo(TERMINAL);
        PrintStream ascii = new PrintStream(written, true, StandardCharsets.US_ASCII);
        assertThat(Screen.of(0, Map.of(), ascii)).isEqualTo(new Screen(80, true, false));

        Console console = Console.create(ascii, Screen.of(80, Map.of(), ascii), clock);
        console.line("copying").update(1, 2, "");
        pass(1_000);
        console.tick();
        assertThat(written.toString(StandardCharsets.US_ASCII))
                .contains("\u001b[36m####")
                .doesNotContain("?".repeat(2));
    }

    private void pass(long millis) {
        now = now.plusMillis(millis);
    }

    /// The last line that was drawn, without what steers the terminal.
    private static String lastFrame(String drawn) {
        String[] lines = drawn.split("\n", -1);
        return lines[lines.length - 2].replaceAll("\u001b\\[[0-9?]*[A-Za-z]", "");
    }
}
