package dev.lockstep.house;

import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// What is not written in `src/main`, and what is written instead.
///
/// @param code what is banned, as an expression or inside of a string
/// @param instead what takes its place
/// @param exempt file names, from the root, that may
record Banned(Pattern code, String instead, Predicate<String> exempt) {
    private static final String CLOCK = "an InstantSource given to the constructor";

    static final List<Banned> EXPRESSIONS =
            List.of(
                    of(
                            "(Instant|LocalDate|LocalDateTime|OffsetDateTime|ZonedDateTime)\\.now",
                            CLOCK),
                    of("System\\.currentTimeMillis", CLOCK),
                    of(
                            "(Thread|TimeUnit\\.\\w+)\\.sleep",
                            "Pauses, or a wait for a condition with a deadline",
                            name -> name.endsWith("/Pauses.java")),
                    of(
                            "System\\.(out|err)",
                            "a logger, or the console of the command line",
                            name -> name.matches(".*/(cli|console|demo)/.*")),
                    of(".*\\.printStackTrace", "a logger, or a LockstepException with the cause"));

    static final List<Banned> SQL = List.of(of("(?is).*\\bselect\\s+\\*.*", "the columns by name"));

    boolean matches(String file, String text) {
        return code.matcher(text).matches() && !exempt.test(file);
    }

    private static Banned of(String code, String instead) {
        return of(code, instead, _ -> false);
    }

    private static Banned of(String code, String instead, Predicate<String> exempt) {
        return new Banned(Pattern.compile(code), instead, exempt);
    }
}
