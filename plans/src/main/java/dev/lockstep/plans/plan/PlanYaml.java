package dev.lockstep.plans.plan;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.reader.StreamReader;

/// YAML text to a [Node] tree. Aliases are refused: a plan is short enough to be written out.
final class PlanYaml {
    private static final YAMLFactory YAML = new YAMLFactory();
    private static final String EXPECTED = ", expected a plan that starts with \"lockstep: 1\"";

    private final YAMLParser parser;
    private final Variables variables;
    private final Findings findings;

    private PlanYaml(YAMLParser parser, Variables variables, Findings findings) {
        this.parser = parser;
        this.variables = variables;
        this.findings = findings;
    }

    /// The keys of the file; empty if it has none, which is reported.
    static Optional<Node.Fields> parse(String text, Variables variables, Findings findings) {
        if (!isPrintable(text, findings)) {
            return Optional.empty();
        }
        try (YAMLParser parser = YAML.createParser(text)) {
            return new PlanYaml(parser, variables, findings).document();
        } catch (JsonProcessingException e) {
            Mistake.report(e, findings);
        } catch (IOException e) {
            findings.add(1, "cannot be read as YAML, expected a plan in YAML");
        }
        return Optional.empty();
    }

    private Optional<Node.Fields> document() throws IOException {
        JsonToken first = parser.nextToken();
        if (first == null || first == JsonToken.VALUE_NULL) {
            findings.add(1, "the file is empty" + EXPECTED);
            return Optional.empty();
        }
        Node root = node(first);
        if (parser.nextToken() != null) {
            findings.add(line(), "a second YAML document starts here, expected one plan in a file");
        }
        if (root instanceof Node.Fields fields) {
            return Optional.of(fields);
        }
        findings.add(root.line(), "the file is a list or a text" + EXPECTED);
        return Optional.empty();
    }

    private Node node(JsonToken token) throws IOException {
        int line = line();
        return switch (token) {
            case START_OBJECT -> fields(line);
            case START_ARRAY -> items(line);
            case VALUE_NULL -> new Node.Nothing(line);
            case VALUE_EMBEDDED_OBJECT ->
                    refused(line, "binary data, expected the text itself, without a !!binary tag");
            default ->
                    parser.isCurrentAlias()
                            ? refused(line, "a YAML alias, expected the value itself")
                            : text(parser.getText(), line);
        };
    }

    private Node fields(int line) throws IOException {
        List<Node.Field> fields = new ArrayList<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            int at = line();
            fields.add(new Node.Field(key, at, node(parser.nextToken())));
        }
        return new Node.Fields(List.copyOf(fields), line);
    }

    private Node items(int line) throws IOException {
        List<Node> items = new ArrayList<>();
        JsonToken token = parser.nextToken();
        while (token != JsonToken.END_ARRAY) {
            items.add(node(token));
            token = parser.nextToken();
        }
        return new Node.Items(List.copyOf(items), line);
    }

    private Node text(String written, int line) {
        Optional<String> value = variables.fill(written, line);
        return value.isPresent()
                ? new Node.Text(value.get(), written, line)
                : new Node.Unresolved(line);
    }

    private Node refused(int line, String what) {
        findings.add(line, "found " + what);
        return new Node.Unresolved(line);
    }

    private int line() {
        return parser.currentTokenLocation().getLineNr();
    }

    private static boolean isPrintable(String text, Findings findings) {
        for (int at = 0; at < text.length(); at += Character.charCount(text.codePointAt(at))) {
            if (!StreamReader.isPrintable(text.codePointAt(at))) {
                int line = Math.toIntExact(text.substring(0, at).lines().count());
                findings.add(
                        Math.max(1, line),
                        "found the character U+%04X, expected text that can be printed"
                                .formatted(text.codePointAt(at)));
                return false;
            }
        }
        return true;
    }

    /// Tells what the YAML parser stumbled over, without the snippet of the file that the parser
    /// adds: that may be a line with a password.
    private static final class Mistake {
        private static final String ENDED = "end of stream";
        private static final String NO_VALUE = "mapping values are not allowed";
        private static final String IN_BRACES = "flow";

        private Mistake() {}

        static void report(JsonProcessingException e, Findings findings) {
            if (e.getCause() instanceof MarkedYAMLException marked
                    && marked.getProblemMark() != null) {
                findings.add(
                        line(marked) + 1, "not YAML: " + found(marked) + ", " + expected(marked));
            } else {
                int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
                findings.add(
                        Math.max(1, line), "not YAML, expected keys with values behind a colon");
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
}
