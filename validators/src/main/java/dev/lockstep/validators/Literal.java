package dev.lockstep.validators;

import java.util.Locale;
import java.util.Optional;

/// A value as a person is shown it: no two values look alike, and none does anything to a terminal.
public final class Literal {
    private static final String PLAIN = "-+._:/@'";

    private Literal() {}

    /// In quotes. What cannot be told from a blank, or is not seen at all, is written as its
    /// number.
    public static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("'");
        text.codePoints()
                .forEach(c -> {
                    if (c == '\'') {
                        quoted.append("''");
                    } else if (isSeen(c)) {
                        quoted.appendCodePoint(c);
                    } else {
                        quoted.append("\\u{%x}".formatted(c));
                    }
                });
        return quoted.append("'").toString();
    }

    /// Of a key, whose values are mostly numbers and words: these are shown as they are.
    ///
    /// @param text empty for NULL
    public static String ofKey(Optional<String> text) {
        return text.map(t -> isWord(t) ? t : quoted(t)).orElse("NULL");
    }

    private static boolean isWord(String text) {
        return !text.isEmpty()
                && !text.startsWith("'")
                && !text.toUpperCase(Locale.ROOT).equals("NULL")
                && text.codePoints()
                        .allMatch(c -> Character.isLetterOrDigit(c) || PLAIN.indexOf(c) >= 0);
    }

    private static boolean isSeen(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.UNASSIGNED,
                    Character.PRIVATE_USE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    false;
            case Character.SPACE_SEPARATOR -> c == ' ';
            default -> true;
        };
    }
}
