package dev.lockstep.orchestrator.console;

import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;

/// Shows what goes on. On a terminal the lines that go on stand below everything that was said and
/// are drawn again in place; what ended moves up and stays. In a pipe each beginning and each end
/// is a line, and one line tells where everything is, at first every few seconds, then more rarely.
public final class Console implements AutoCloseable {
    private static final Duration DRAW_AGAIN_AFTER = Duration.ofMillis(100);
    private static final Duration TELL_AGAIN_AFTER_MIN = Duration.ofSeconds(5);
    private static final Duration TELL_AGAIN_AFTER_MAX = Duration.ofMinutes(5);

    private static final String CLEAR_LINE = "\u001b[K";
    private static final String CLEAR_BELOW = "\u001b[J";

    /// A line that does not fit, because the window has become narrower, is cut and not wrapped.
    private static final String NO_WRAP = "\u001b[?7l";

    private static final String WRAP = "\u001b[?7h";

    private final PrintStream out;
    private final Screen screen;
    private final InstantSource clock;
    private final List<Line> live = new ArrayList<>();
    private int drawn;
    private Instant last;

    private Console(PrintStream out, Screen screen, InstantSource clock) {
        this.out = out;
        this.screen = screen;
        this.clock = clock;
        this.last = clock.instant();
    }

    /// On standard error.
    public static Console standardError(InstantSource clock) {
        return new Console(System.err, Screen.ofStandardError(System.err), clock);
    }

    public static Console create(PrintStream out, Screen screen, InstantSource clock) {
        return new Console(out, screen, clock);
    }

    public boolean isTerminal() {
        return screen.isTerminal();
    }

    /// Begins something, which is shown until it ends.
    public synchronized Line line(String name) {
        Line line = new Line(this, Bar.begin(name, clock.instant()));
        live.add(line);
        if (screen.isTerminal()) {
            draw("");
        } else {
            tell(name + " ...");
        }
        return line;
    }

    /// Says something that stays.
    public synchronized void say(String text) {
        if (screen.isTerminal()) {
            draw(text.lines().map(l -> l + CLEAR_LINE + "\n").collect(Collectors.joining()));
        } else {
            tell(text);
        }
    }

    /// Shows the time going by where nothing else changes; as cheap as it is often called.
    public synchronized void tick() {
        Duration since = Duration.between(last, clock.instant());
        if (screen.isTerminal()) {
            if (since.compareTo(DRAW_AGAIN_AFTER) >= 0) {
                draw("");
            }
        } else if (!live.isEmpty() && since.compareTo(quiet()) >= 0) {
            Instant now = clock.instant();
            tell(live.stream().map(l -> l.bar().plain(now)).collect(Collectors.joining(" | ")));
        }
    }

    /// How long a pipe hears nothing: the longer, the longer the youngest line goes on already.
    private Duration quiet() {
        Duration tenth =
                Duration.between(live.getLast().bar().start(), clock.instant()).dividedBy(10);
        return Collections.min(
                List.of(
                        TELL_AGAIN_AFTER_MAX,
                        Collections.max(List.of(TELL_AGAIN_AFTER_MIN, tenth))));
    }

    /// Leaves the terminal as it was, with the lines that go on where they are.
    @Override
    public synchronized void close() {
        if (screen.isTerminal() && !live.isEmpty()) {
            draw("");
        }
        live.clear();
        drawn = 0;
    }

    synchronized void changed(Runnable change) {
        change.run();
        tick();
    }

    synchronized void ended(Line line, Colour colour, String word, String text) {
        if (!live.remove(line)) {
            return;
        }
        String words = line.lastWords(word, text, clock.instant());
        say(colour.in(screen, words, word));
    }

    private void tell(String text) {
        out.println(text);
        out.flush();
        last = clock.instant();
    }

    /// Goes back up to the first line and writes over everything, in one go so that nothing
    /// flickers: `above`, then the lines that go on.
    private void draw(String above) {
        Instant now = clock.instant();
        StringBuilder frame = new StringBuilder(drawn > 0 ? "\u001b[" + drawn + "A" : "");
        frame.append(above).append(NO_WRAP);
        for (Line line : live) {
            frame.append(line.bar().live(screen, now)).append(CLEAR_LINE).append('\n');
        }
        frame.append(WRAP).append(CLEAR_BELOW);
        out.print(frame);
        out.flush();
        drawn = live.size();
        last = now;
    }
}
