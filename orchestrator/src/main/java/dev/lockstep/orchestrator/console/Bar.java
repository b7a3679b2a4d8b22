package dev.lockstep.orchestrator.console;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/// How far something is, and how that reads. A value; a total of 0 means that nobody knows how much
/// there will be.
record Bar(String name, Instant start, long first, long done, long total, String detail) {
    static final char FULL = '█';

    private static final char EMPTY = '░';
    private static final int NAME_WIDTH = 14;
    private static final int BAR_MAX = 30;
    private static final int BAR_MIN = 5;
    private static final Duration RATE_AFTER = Duration.ofMillis(500);

    static Bar begin(String name, Instant now) {
        return new Bar(name, now, -1, 0, 0, "");
    }

    /// The rate starts at the first number told, which is not 0 where work is resumed.
    Bar at(long newDone, long newTotal, String newDetail) {
        return new Bar(name, start, first < 0 ? newDone : first, newDone, newTotal, newDetail);
    }

    /// One line, no wider than the screen where there is room for anything at all.
    String live(Screen screen, Instant now) {
        String head = String.format(Locale.ROOT, "%-" + NAME_WIDTH + "s ", name);
        String tail = " " + numbers(now) + "  " + elapsed(now);
        int room = screen.columns() - 1 - head.length() - tail.length() - (total > 0 ? 5 : 0);
        String bar = total > 0 && room >= BAR_MIN ? blocks(screen, Math.min(room, BAR_MAX)) : "";
        String line = head + bar + (total > 0 ? percent() : "") + tail;
        String shown =
                line.length() < screen.columns() ? line : line.substring(0, screen.columns() - 1);
        return Colour.CYAN.in(screen, shown, bar);
    }

    /// The same for a pipe.
    String plain(Instant now) {
        return name + (total > 0 ? percent() : "") + " " + numbers(now) + "  " + elapsed(now);
    }

    String elapsed(Instant now) {
        return duration(Duration.between(start, now));
    }

    private String numbers(Instant now) {
        StringBuilder text = new StringBuilder();
        if (first >= 0) {
            text.append(String.format(Locale.ROOT, "%,d", done));
            text.append(total > 0 ? String.format(Locale.ROOT, "/%,d", total) : "");
        }
        text.append(detail.isEmpty() ? "" : " " + detail);
        long millis = Duration.between(start, now).toMillis();
        if (done > first && first >= 0 && millis >= RATE_AFTER.toMillis()) {
            text.append(String.format(Locale.ROOT, "  %,d/s", (done - first) * 1000 / millis));
        }
        return text.toString().strip();
    }

    private String percent() {
        return String.format(Locale.ROOT, " %3d%%", Math.clamp(done * 100 / total, 0, 100));
    }

    private String blocks(Screen screen, int width) {
        int full = Math.clamp(done * width / total, 0, width);
        String filled = screen.unicode() ? String.valueOf(FULL) : "#";
        String empty = screen.unicode() ? String.valueOf(EMPTY) : ".";
        return filled.repeat(full) + empty.repeat(width - full);
    }

    /// `850 ms`, `12.3 s`, `2:05 min`.
    static String duration(Duration time) {
        long millis = Math.max(0, time.toMillis());
        if (millis < 1_000) {
            return millis + " ms";
        }
        if (millis < 60_000) {
            return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
        }
        return String.format(Locale.ROOT, "%d:%02d min", time.toMinutes(), time.toSecondsPart());
    }
}
