package dev.lockstep.plans.plan;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Fills variables into the texts of a plan.
///
/// | written | becomes |
/// | --- | --- |
/// | `${NAME}` | the environment variable, which must be set |
/// | `${NAME:-text}` | the environment variable, or `text` when it is not set or empty |
/// | `${file:path}` | the content of a file, without the line break at its end |
/// | `$${` | `${` |
///
/// What was filled in is not searched for variables again.
final class Variables {
    private static final Pattern PIECE =
            Pattern.compile("(?<escape>\\$\\$\\{)|\\$\\{(?<inside>[^}]*)}|\\$\\{");
    private static final Pattern NAME =
            Pattern.compile("(?<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?<instead>.*))?", Pattern.DOTALL);
    private static final String FILE = "file:";
    private static final String EXPECTED =
            "${NAME}, ${NAME:-default} or ${file:/path}; write $${ where ${ is meant as text";

    private final Path folder;
    private final Map<String, String> environment;
    private final Findings findings;

    Variables(Path folder, Map<String, String> environment, Findings findings) {
        this.folder = folder;
        this.environment = Map.copyOf(environment);
        this.findings = findings;
    }

    /// `text` with all its variables filled in; empty if one has no value, which is reported.
    Optional<String> fill(String text, int line) {
        StringBuilder filled = new StringBuilder();
        boolean whole = true;
        Matcher piece = PIECE.matcher(text);
        while (piece.find()) {
            Optional<String> value =
                    piece.group("escape") != null
                            ? Optional.of("${")
                            : value(piece.group("inside"), line);
            whole &= value.isPresent();
            piece.appendReplacement(filled, Matcher.quoteReplacement(value.orElse("")));
        }
        piece.appendTail(filled);
        return whole ? Optional.of(filled.toString()) : Optional.empty();
    }

    private Optional<String> value(@Nullable String inside, int line) {
        if (inside != null && inside.startsWith(FILE) && inside.length() > FILE.length()) {
            return content(inside.substring(FILE.length()), line);
        }
        Matcher named = NAME.matcher(inside == null ? "" : inside);
        if (!named.matches()) {
            // What stands there is not repeated: it may be part of a password.
            findings.add(line, "found ${ that starts no variable, expected " + EXPECTED);
            return Optional.empty();
        }
        String name = named.group("name");
        String value = environment.get(name);
        String instead = named.group("instead");
        if (instead != null) {
            return Optional.of(value == null || value.isEmpty() ? instead : value);
        }
        if (value == null) {
            findings.add(
                    line,
                    "the environment variable %s is not set, expected a value for ${%s}"
                            .formatted(name, name));
        }
        return Optional.ofNullable(value);
    }

    private Optional<String> content(String path, int line) {
        try {
            return Optional.of(PlanText.read(folder.resolve(path)).replaceFirst("\\r?\\n\\z", ""));
        } catch (PlanText.Unreadable e) {
            findings.add(line, "the file of ${file:%s} %s".formatted(path, e.why()));
        } catch (InvalidPathException e) {
            findings.add(line, "found ${file:...} with no valid path, expected " + EXPECTED);
        }
        return Optional.empty();
    }
}
