package dev.lockstep.validators.rows;

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
        boolean isLong = active.length() > WHOLE_MAX || standby.length() > WHOLE_MAX;
        if (isLong && active.text().isPresent() && standby.text().isPresent()) {
            int at = firstDifference(active.text().get(), standby.text().get());
            return new Cell(column, active.around(at), standby.around(at));
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

    private String whole() {
        if (isNull()) {
            return "NULL";
        }
        return text().filter(known -> known.length() <= WHOLE_MAX)
                .map(Literal::quoted)
                .orElseGet(() -> "a value of %d characters".formatted(length));
    }

    private String around(int at) {
        String all = text().orElseThrow();
        int from = Math.max(0, at - BEFORE);
        int until = Math.min(all.length(), from + WHOLE_MAX);
        return "%s%s%s (%d characters, of which the first %d are alike)"
                .formatted(
                        from > 0 ? "..." : "",
                        Literal.quoted(all.substring(from, until)),
                        until < all.length() ? "..." : "",
                        all.length(),
                        at);
    }
}
