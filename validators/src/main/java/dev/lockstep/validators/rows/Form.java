package dev.lockstep.validators.rows;

import java.util.Map;
import java.util.Set;

/// The form in which a column's values go into a hash: one in which two values are equal only if
/// they are the same, on whatever server.
///
/// A hash goes by a type's `=`, and that is kinder than it may be here: to it `1.0` is `1.00`, `-0`
/// is `0`, one day is 24 hours, `{1,2}` is `{{1,2}}` to an array's hash, a citext has no case, and
/// `1` and `4294967296` have one hash as `bigint`, because that folds 64 bits to 32.
enum Form {
    /// As it is: nothing that differs is equal, and 32 bits or bytes are hashed whole.
    ITSELF,
    /// By its bytes, which a nondeterministic collation would not do.
    TEXT,
    /// By what the type sends in a binary protocol: exact, and quicker to make than text.
    BINARY,
    /// By the output of its type as a literal: right for everything, user types too, whose numbers
    /// in the catalog differ between servers. Not a cast to text: that is a function of its own for
    /// some types, and drops a `char`'s blanks.
    LITERAL;

    private static final Set<String> THEMSELVES =
            Set.of("bool", "int2", "int4", "oid", "uuid", "bytea", "date", "char");
    private static final Set<String> TEXTS = Set.of("text", "varchar");

    /// No floats: a NaN has many bit patterns. No arrays: two equal ones may or may not carry a
    /// NULL bitmap. The send functions of text convert to the client's encoding, the same for both.
    private static final Map<String, String> SENDERS =
            Map.of(
                    "int8", "int8send",
                    "numeric", "numeric_send",
                    "timestamp", "timestamp_send",
                    "timestamptz", "timestamptz_send",
                    "time", "time_send",
                    "timetz", "timetz_send",
                    "interval", "interval_send",
                    "bpchar", "bpcharsend");

    /// The form for a column that has these types on the two sides.
    static Form of(ColumnType active, ColumnType standby) {
        if (!active.builtIn() || !standby.builtIn()) {
            return LITERAL;
        }
        if (TEXTS.contains(active.name()) && TEXTS.contains(standby.name())) {
            return TEXT;
        }
        if (!active.name().equals(standby.name())) {
            return LITERAL;
        }
        if (THEMSELVES.contains(active.name())) {
            return ITSELF;
        }
        return SENDERS.containsKey(active.name()) ? BINARY : LITERAL;
    }

    /// The expression for `column`, a quoted name, whose type is `type`.
    String sql(String column, ColumnType type) {
        return switch (this) {
            case ITSELF -> column;
            case TEXT -> column + " COLLATE \"C\"";
            case BINARY -> SENDERS.get(type.name()) + "(" + column + ")";
            case LITERAL -> "format('%L', " + column + ")";
        };
    }
}
