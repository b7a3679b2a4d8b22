package dev.lockstep.plans.plan;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Numbers, sizes and durations as a plan writes them, each within limits.
final class Units {
    private static final String NUMBER = "(0|[1-9][0-9]{0,17})";
    private static final Pattern PLAIN = Pattern.compile(NUMBER);
    private static final Pattern SIZE = Pattern.compile(NUMBER + "(|B|[kMGT]B|[KMGT]iB)");
    private static final Pattern TIME = Pattern.compile(NUMBER + "(ms|s|m|h)");
    private static final Map<String, Long> MILLIS =
            Map.of("ms", 1L, "s", 1_000L, "m", 60_000L, "h", 3_600_000L);

    static final long KIB = 1L << 10;
    static final long MIB = 1L << 20;
    static final long GIB = 1L << 30;
    static final long TIB = 1L << 40;

    private Units() {}

    static Function<String, Optional<Long>> number(long min, long max) {
        return text -> {
            Matcher parts = PLAIN.matcher(text);
            return within(
                    parts.matches() ? product(parts.group(1), 1) : Optional.empty(), min, max);
        };
    }

    /// Bytes. `kB` and its like are powers of 1000, `KiB` and its like powers of 1024.
    static Function<String, Optional<Long>> size(long min, long max) {
        return text -> {
            Matcher parts = SIZE.matcher(text);
            return within(
                    parts.matches()
                            ? product(parts.group(1), bytes(parts.group(2)))
                            : Optional.empty(),
                    min,
                    max);
        };
    }

    static Function<String, Optional<Duration>> duration(Duration min, Duration max) {
        return text -> {
            Matcher parts = TIME.matcher(text);
            Optional<Long> millis =
                    parts.matches()
                            ? product(parts.group(1), MILLIS.getOrDefault(parts.group(2), 1L))
                            : Optional.empty();
            return within(millis, min.toMillis(), max.toMillis()).map(Duration::ofMillis);
        };
    }

    private static long bytes(String unit) {
        int power = unit.isEmpty() ? 0 : " KMGT".indexOf(Character.toUpperCase(unit.charAt(0)));
        long base = unit.endsWith("iB") ? 1024 : 1000;
        long bytes = 1;
        for (int i = 0; i < power; i++) {
            bytes *= base;
        }
        return bytes;
    }

    private static Optional<Long> product(String digits, long unit) {
        long high = Math.multiplyHigh(Long.parseLong(digits), unit);
        long low = Long.parseLong(digits) * unit;
        return high == 0 && low >= 0 ? Optional.of(low) : Optional.empty();
    }

    private static Optional<Long> within(Optional<Long> value, long min, long max) {
        return value.filter(v -> v >= min && v <= max);
    }
}
