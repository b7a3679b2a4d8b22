package dev.lockstep.orchestrator.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// A report as one page for people: no scripts, nothing from elsewhere, light or dark as the reader
/// has it. All that it holds is text, whatever characters a name or a value is made of.
final class HtmlPage {
    private static final String PAGE =
            """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy"
                  content="default-src 'none'; style-src 'unsafe-inline'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>%1$s</title>
            <style>
            :root { color-scheme: light dark; --line: #8886; --good: #1a7f37; --bad: #cf222e; }
            @media (prefers-color-scheme: dark) { :root { --good: #57ab5a; --bad: #f47067; } }
            body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem;
                   padding: 0 1rem; }
            h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
            table { border-collapse: collapse; width: 100%%; }
            th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left;
                     vertical-align: top; overflow-wrap: anywhere; white-space: pre-wrap; }
            td.number { text-align: right; font-variant-numeric: tabular-nums; }
            .good { color: var(--good); font-weight: 600; }
            .bad { color: var(--bad); font-weight: 600; }
            </style>
            </head>
            <body>
            <h1>%1$s</h1>
            %2$s</body>
            </html>
            """;

    /// Words that tell how it went.
    private static final Set<String> GOOD = Set.of("match", "done");

    private static final Set<String> BAD =
            Set.of("mismatch", "undone", "ERROR", "not known yet", "no");

    private HtmlPage() {}

    static String of(String title, JsonNode report) {
        StringBuilder body = new StringBuilder();
        facts(report, body);
        for (Map.Entry<String, JsonNode> part : report.properties()) {
            if (part.getValue().isContainerNode()) {
                body.append("<h2>%s</h2>\n".formatted(escaped(words(part.getKey()))));
                section(part.getValue(), body);
            }
        }
        return PAGE.formatted(escaped(title), body);
    }

    private static void section(JsonNode part, StringBuilder body) {
        if (part.isObject()) {
            facts(part, body);
            for (Map.Entry<String, JsonNode> inner : part.properties()) {
                if (inner.getValue().isContainerNode()) {
                    body.append("<h3>%s</h3>\n".formatted(escaped(words(inner.getKey()))));
                    section(inner.getValue(), body);
                }
            }
        } else if (part.isEmpty()) {
            body.append("<p>none</p>\n");
        } else if (part.get(0).isObject()) {
            table(part, body);
        } else {
            body.append("<ol>\n");
            part.forEach(item -> body.append("<li>%s</li>\n".formatted(escaped(text(item)))));
            body.append("</ol>\n");
        }
    }

    /// What an object says by itself.
    private static void facts(JsonNode object, StringBuilder body) {
        body.append("<table>\n");
        for (Map.Entry<String, JsonNode> fact : object.properties()) {
            if (!fact.getValue().isContainerNode()) {
                body.append(
                        "<tr><th scope=\"row\">%s</th>%s</tr>\n"
                                .formatted(
                                        escaped(words(fact.getKey())),
                                        cell(fact.getValue(), false)));
            }
        }
        body.append("</table>\n");
    }

    private static void table(JsonNode rows, StringBuilder body) {
        Set<String> columns = new LinkedHashSet<>();
        rows.forEach(row -> row.fieldNames().forEachRemaining(columns::add));
        body.append("<table>\n<tr>");
        columns.forEach(c -> body.append("<th>%s</th>".formatted(escaped(words(c)))));
        body.append("</tr>\n");
        for (JsonNode row : rows) {
            body.append(
                    columns.stream()
                            .map(column -> cell(row.path(column), true))
                            .collect(Collectors.joining("", "<tr>", "</tr>\n")));
        }
        body.append("</table>\n");
    }

    private static String cell(JsonNode value, boolean aligned) {
        String text = text(value);
        String kind = value.isNumber() && aligned ? "number" : "";
        if (value.isTextual() || value.isBoolean()) {
            kind = GOOD.contains(text) ? "good" : BAD.contains(text) ? "bad" : "";
        }
        String open = kind.isEmpty() ? "<td>" : "<td class=\"%s\">".formatted(kind);
        return open + escaped(text) + "</td>";
    }

    private static String text(JsonNode value) {
        if (value.isBoolean()) {
            return value.asBoolean() ? "yes" : "no";
        }
        if (value.isIntegralNumber()) {
            return String.format(Locale.ROOT, "%,d", value.asLong());
        }
        if (value.isContainerNode()) {
            return value.toString();
        }
        return value.isNull() || value.isMissingNode() ? "" : value.asText();
    }

    /// `firstDifferences` as a person writes it.
    private static String words(String name) {
        return name.replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
    }

    static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
