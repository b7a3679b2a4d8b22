package dev.lockstep.validators.rows;

import dev.lockstep.plans.fault.Amount;
import dev.lockstep.validators.Cell;
import dev.lockstep.validators.Literal;
import java.util.Optional;

/// A value of one side, as far as it is read to be shown.
///
/// @param text what its type gives out; empty where it is NULL or was too long to be read
/// @param length how many characters that are; negative where it is NULL
record Value(Optional<String> text, long length) {
    /// Longer ones are not read, and no more than two such of one row: a person finds nothing in
    /// them, and memory is limited.
    static final int READ_MAX = 4 << 20;

    private static final int WHOLE_MAX = 80;
    private static final int BEFORE = 20;

    boolean isNull() {
        return length < 0;
    }

    /// Both sides' values of a column.
    static Cell cell(String column, Value active, Value standby) {
        boolean isLong = active.isLong() || standby.isLong();
        if (isLong && active.text().isPresent() && standby.text().isPresent()) {
            int at = firstDifference(active.text().get(), standby.text().get());
            int same = active.text().get().codePointCount(0, at);
            String alike = at == 0 ? "" : ", of which the first %,d are alike".formatted(same);
            return new Cell(
                    column,
                    "%s (%s%s)".formatted(active.around(at), active.size(), alike),
                    "%s (%s)".formatted(standby.around(at), standby.size()));
        }
        return new Cell(column, active.whole(), standby.whole());
    }

    private static int firstDifference(String a, String b) {
        int at = 0;
        while (at < Math.min(a.length(), b.length()) && a.charAt(at) == b.charAt(at)) {
            at++;
        }
        // Not between the halves of one character.
        return at > 0 && Character.isHighSurrogate(a.charAt(at - 1)) ? at - 1 : at;
    }

    private boolean isLong() {
        return text().map(known -> known.length() - blanks(known) > WHOLE_MAX)
                .orElse(length > WHOLE_MAX);
    }

    /// Those at its ends, which take no room.
    private static int blanks(String text) {
        int leading = Literal.leading(text);
        return leading == text.length() ? leading : leading + Literal.trailing(text);
    }

    private String whole() {
        if (isNull()) {
            return "NULL";
        }
        return text().filter(_ -> !isLong())
                .map(Literal::counted)
                .orElseGet(() -> "a value of " + size());
    }

    private String size() {
        return Amount.of(length, "character");
    }

    /// The part around a place; blanks at the ends of the value are counted, and what is beside
    /// them is shown instead.
    private String around(int at) {
        String all = text().orElseThrow();
        int trailing = Literal.trailing(all);
        int end = all.length() - trailing;
        if (trailing > 0 && end == 0) {
            return Literal.blanks(trailing);
        }
        int begin = Literal.leading(all);
        int from = Math.max(0, Math.min(at, end) - BEFORE);
        int until = Math.max(from, begin) + WHOLE_MAX;
        String before = from < begin ? Literal.blanks(begin) + " and " : from > 0 ? "..." : "";
        String behind =
                until < end ? "..." : trailing > 0 ? " and " + Literal.blanks(trailing) : "";
        String shown = all.substring(Math.max(from, begin), Math.min(until, end));
        return before + Literal.quoted(shown) + behind;
    }
}
