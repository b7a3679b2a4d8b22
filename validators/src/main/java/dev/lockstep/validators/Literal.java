package dev.lockstep.validators;

import dev.lockstep.plans.fault.Amount;
import java.util.Locale;
import java.util.Optional;

/// A value as a person is shown it: no two values look alike, and none does anything to a terminal.
public final class Literal {
    /// How the number of a character begins.
    private static final String NUMBER = "\\u{";

    private static final String PLAIN = "-+._:/@'";

    /// Fewer are counted at a glance.
    private static final int BLANKS_MIN = 4;

    private Literal() {}

    /// In quotes. What cannot be told from a blank, or is not seen at all, is written as its
    /// number; so is a backslash with which the value itself has such a number.
    public static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("'");
        int c;
        for (int at = 0; at < text.length(); at += Character.charCount(c)) {
            c = text.codePointAt(at);
            if (c == '\'') {
                quoted.append("''");
            } else if (isSeen(c) && !text.startsWith(NUMBER, at)) {
                quoted.appendCodePoint(c);
            } else {
                quoted.append(NUMBER).append(Integer.toHexString(c)).append('}');
            }
        }
        return quoted.append("'").toString();
    }

    /// In quotes, but for many blanks at its ends, which are counted: `'planted' and 77 blanks`.
    public static String counted(String text) {
        int from = leading(text);
        if (from > 0 && from == text.length()) {
            return blanks(from);
        }
        int until = text.length() - trailing(text);
        return (from > 0 ? blanks(from) + " and " : "")
                + quoted(text.substring(from, until))
                + (until < text.length() ? " and " + blanks(text.length() - until) : "");
    }

    /// As they are told where they are counted.
    public static String blanks(int count) {
        return Amount.of(count, "blank");
    }

    /// How many blanks `text` begins with; 0 where that is not worth counting.
    public static int leading(String text) {
        int at = 0;
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
        return at < BLANKS_MIN ? 0 : at;
    }

    /// As [#leading], of its end.
    public static int trailing(String text) {
        int at = text.length();
        while (at > 0 && text.charAt(at - 1) == ' ') {
            at--;
        }
        return text.length() - at < BLANKS_MIN ? 0 : text.length() - at;
    }

    /// Of a key, whose values are mostly numbers and words: these are shown as they are.
    ///
    /// @param text empty for NULL
    public static String ofKey(Optional<String> text) {
        return text.map(t -> isWord(t) ? t : counted(t)).orElse("NULL");
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
