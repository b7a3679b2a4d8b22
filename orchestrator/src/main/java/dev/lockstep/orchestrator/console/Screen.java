package dev.lockstep.orchestrator.console;

import dev.lockstep.plans.fault.Check;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/// What the receiver of the output can show.
///
/// @param columns how wide it is; 0 where it is not a terminal
/// @param colours whether colours are wanted
/// @param unicode whether block characters arrive as what they are
public record Screen(int columns, boolean colours, boolean unicode) {
    private static final int COLUMNS_USUAL = 80;
    private static final int COLUMNS_MIN = 20;

    /// A pipe or a file.
    public static final Screen PIPE = new Screen(0, false, false);

    public Screen {
        Check.that(columns == 0 || columns >= COLUMNS_MIN, "%d columns", columns);
    }

    public boolean isTerminal() {
        return columns > 0;
    }

    /// What standard error is connected to. The JVM tells this of standard input and output only,
    /// so a shell is asked, which also knows the width.
    static Screen ofStandardError(PrintStream err) {
        Map<String, String> environment = System.getenv();
        if (environment.getOrDefault("TERM", "dumb").equals("dumb")) {
            return PIPE;
        }
        return terminalColumns().map(columns -> of(columns, environment, err)).orElse(PIPE);
    }

    static Screen of(int columns, Map<String, String> environment, PrintStream out) {
        boolean colours = environment.getOrDefault("NO_COLOR", "").isEmpty();
        boolean unicode = out.charset().newEncoder().canEncode(Bar.FULL);
        return new Screen(columns < COLUMNS_MIN ? COLUMNS_USUAL : columns, colours, unicode);
    }

    private static Optional<Integer> terminalColumns() {
        ProcessBuilder ask =
                new ProcessBuilder("sh", "-c", "test -t 2 && { stty size <&2 || echo 0 0; }")
                        .redirectError(Redirect.INHERIT);
        try {
            Process shell = ask.start();
            byte[] answer = shell.getInputStream().readAllBytes();
            String[] size = new String(answer, StandardCharsets.US_ASCII).strip().split(" ", 2);
            return size.length < 2 ? Optional.empty() : Optional.of(Integer.valueOf(size[1]));
        } catch (IOException | NumberFormatException _) {
            return Optional.empty();
        }
    }
}
