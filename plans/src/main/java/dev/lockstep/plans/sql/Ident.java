package dev.lockstep.plans.sql;

import java.util.Collection;
import java.util.stream.Collectors;

/// An SQL identifier. Its text form is quoted, so that it may be formatted into a statement.
public record Ident(String name) {
    @Override
    public String toString() {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    /// The names quoted and joined with commas, for column lists.
    public static String list(Collection<String> names) {
        return names.stream().map(n -> new Ident(n).toString()).collect(Collectors.joining(", "));
    }

    /// `text` as an SQL string literal, for the few statements that take no parameters.
    public static String literal(String text) {
        String quoted = "'" + text.replace("'", "''") + "'";
        return text.indexOf('\\') < 0 ? quoted : " E" + quoted.replace("\\", "\\\\");
    }
}
