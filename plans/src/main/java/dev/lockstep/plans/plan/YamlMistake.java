package dev.lockstep.plans.plan;

import com.fasterxml.jackson.core.JsonProcessingException;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/// Tells what the YAML parser stumbled over, without the snippet of the file that the parser adds:
/// that may be a line with a password.
final class YamlMistake {
    private static final String ENDED = "end of stream";
    private static final String NO_VALUE = "mapping values are not allowed";
    private static final String IN_BRACES = "flow";

    private YamlMistake() {}

    static void report(JsonProcessingException e, Findings findings) {
        if (e.getCause() instanceof MarkedYAMLException marked && marked.getProblemMark() != null) {
            findings.add(line(marked) + 1, "not YAML: " + found(marked) + ", " + expected(marked));
        } else {
            int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
            findings.add(Math.max(1, line), "not YAML, expected keys with values behind a colon");
        }
    }

    /// Where a text without an end starts, rather than where the file ends.
    private static int line(MarkedYAMLException e) {
        Mark context = e.getContextMark();
        return e.getProblem().contains(ENDED) && context != null
                ? context.getLine()
                : e.getProblemMark().getLine();
    }

    private static String found(MarkedYAMLException e) {
        // The handle of a tag is a piece of the file.
        String problem = e.getProblem().replaceAll("(?s)(undefined tag handle).*", "$1");
        return (problem + context(e)).replaceAll("\\s+", " ").strip();
    }

    private static String expected(MarkedYAMLException e) {
        if (e.getProblem().contains(ENDED)) {
            return "expected a closing quote";
        }
        if (context(e).contains(IN_BRACES)) {
            return "expected quotes around a text with ${...} or any of ? , [ ] { } in it";
        }
        return e.getProblem().contains(NO_VALUE)
                ? "expected quotes around a text with a colon and a blank in it, or less indent"
                : "expected keys with values behind a colon, those of one group indented alike";
    }

    private static String context(MarkedYAMLException e) {
        return e.getContext() == null ? "" : " " + e.getContext();
    }
}
