package dev.lockstep.orchestrator.schema;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// One entry of a dump's table of contents. `catalog` and `oid` say which object of the source it
/// is; both are 0 for what is no object of its own, such as a comment. `text` is type, schema, name
/// and owner, which cannot always be told apart.
record TocEntry(int id, long catalog, long oid, String text) {
    private static final Pattern LINE = Pattern.compile("(\\d+); (\\d+) (\\d+) (.*)");

    /// Reads a line of `pg_restore --list`; empty for a comment.
    static Optional<TocEntry> of(String line) {
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        return Optional.of(
                new TocEntry(
                        Integer.parseInt(matcher.group(1)),
                        Long.parseLong(matcher.group(2)),
                        Long.parseLong(matcher.group(3)),
                        matcher.group(4)));
    }

    /// Whether the entry is of one of these types. A longer type that starts with a shorter one is
    /// not told from it.
    boolean is(String... types) {
        return Stream.of(types).anyMatch(type -> text.startsWith(type + " "));
    }

    /// Triggers by which a run of Lockstep makes the source refuse writes are not the
    /// application's.
    boolean isLocksteps() {
        return (is("TRIGGER", "COMMENT") && text.contains(" lockstep_refuse_"))
                || text.startsWith("EVENT TRIGGER - lockstep_");
    }

    /// The name of a schema or extension; these are in no schema themselves.
    String schemaName() {
        int start = text.indexOf(" - ") + 3;
        int end = is("EXTENSION") ? text.length() : text.lastIndexOf(' ');
        return text.substring(start, end).strip();
    }

    /// Whether the entry completes a view.
    boolean isView() {
        return is("RULE") && text.contains(" _RETURN ");
    }

    /// `catalog.oid`.
    String object() {
        return catalog + "." + oid;
    }
}
