package dev.lockstep.plans.plan;

import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.catalog.TableName;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Reads `tables`: which are in scope, and which are called something else on the target.
final class TablesReader {
    static final String[] KEYS = {"include", "exclude", "mappings"};

    private static final String GLOBS = "a list of globs on schema.table, like [\"public.*\"]";
    private static final String GLOB = "a glob on schema.table, like public.* or *";
    private static final String MAPPINGS = "a list of groups with the keys table, to and columns";
    private static final String TABLE =
            "schema.table in up to 63 bytes each, like public.orders; \"quoted\" where a name has"
                    + " a dot";
    private static final String OWN_SCHEMA = "a schema other than the server's and Lockstep's own";
    private static final String COLUMN = "the column's new name, in up to 63 bytes";

    /// PostgreSQL cuts longer names off without a word.
    private static final int NAME_BYTES_MAX = 63;

    private static final Pattern QUALIFIED =
            Pattern.compile("(PART)\\.(PART)".replace("PART", "[^\".]+|\"(?:[^\"]|\"\")+\""));

    private final Section tables;
    private final Map<TableName, Mapping.Rule> rules = new LinkedHashMap<>();
    private final Map<TableName, Integer> lines = new HashMap<>();
    private final Map<TableName, TableName> origins = new HashMap<>();

    private TablesReader(Section tables) {
        this.tables = tables;
    }

    static Scope scope(Section tables) {
        List<String> include = globs(tables, "include", Scope.ALL.include());
        if (include.isEmpty()) {
            tables.wrong("include", tables.line("include"), "an empty list", GLOBS);
        }
        return new Scope(include, globs(tables, "exclude", Scope.ALL.exclude()));
    }

    static Mapping mapping(Section tables) {
        TablesReader reader = new TablesReader(tables);
        tables.list("mappings", MAPPINGS).orElse(List.of()).forEach(reader::rule);
        return new Mapping(reader.rules);
    }

    private static List<String> globs(Section tables, String key, List<String> missing) {
        Optional<List<Node>> list = tables.list(key, GLOBS);
        list.orElse(List.of()).forEach(node -> tables.value(key, node, GLOB, TablesReader::glob));
        return list.map(nodes -> nodes.stream().flatMap(TablesReader::text).toList())
                .orElse(missing);
    }

    private static Stream<String> text(Node node) {
        return node instanceof Node.Text text ? Stream.of(text.value()) : Stream.empty();
    }

    /// A glob that has neither dot nor `*` matches no `schema.table` and is a slip.
    private static Optional<String> glob(String text) {
        return Optional.of(text).filter(t -> t.contains(".") || t.contains("*"));
    }

    private void rule(Node node) {
        if (!(node instanceof Node.Fields fields)) {
            if (!(node instanceof Node.Unresolved)) {
                tables.wrong("mappings", node, MAPPINGS);
            }
            return;
        }
        Section rule = tables.below("mappings", fields, "table", "to", "columns");
        Optional<TableName> to = name(rule, "to");
        Map<String, String> columns = columns(rule);
        if (!rule.has("to") && !rule.has("columns")) {
            rule.require("to", "what the table is called on the target");
        }
        if (!rule.require("table", TABLE)) {
            return;
        }
        Optional<TableName> table = name(rule, "table");
        boolean toIsWrong = rule.has("to") && to.isEmpty();
        if (table.isPresent() && !toIsWrong) {
            add(rule, table.get(), new Mapping.Rule(to.orElse(table.get()), columns));
        }
    }

    private void add(Section section, TableName table, Mapping.Rule rule) {
        Integer earlier = lines.putIfAbsent(table, section.line("table"));
        if (earlier != null) {
            section.report(
                    section.line("table"),
                    "%s is mapped again, expected it once (it is on line %d)"
                            .formatted(table, earlier));
            return;
        }
        rules.put(table, rule);
        TableName origin = origins.putIfAbsent(rule.to(), table);
        if (origin != null) {
            section.report(
                    section.line("to"),
                    "%s is mapped to %s, which is what %s becomes, expected a name of its own"
                            .formatted(table, rule.to(), origin));
        }
    }

    private Optional<TableName> name(Section rule, String key) {
        Optional<TableName> name = rule.value(key, TABLE, TablesReader::tableName);
        name.filter(n -> !Scope.ALL.covers(n))
                .ifPresent(n -> rule.wrong(key, rule.line(key), n.toString(), OWN_SCHEMA));
        return name;
    }

    private Map<String, String> columns(Section rule) {
        Map<String, String> columns = new LinkedHashMap<>();
        Map<String, String> origins = new HashMap<>();
        rule.openSection("columns", "a group like { total: total_amount }")
                .ifPresent(section -> {
                    for (String column : section.keys()) {
                        section.value(column, COLUMN, TablesReader::columnName)
                                .ifPresent(to -> {
                                    columns.put(column, to);
                                    String origin = origins.putIfAbsent(to, column);
                                    if (origin != null) {
                                        section.wrong(
                                                column,
                                                section.line(column),
                                                "\"" + to + "\" like " + section.path(origin),
                                                "a name of its own");
                                    }
                                });
                    }
                });
        return columns;
    }

    private static Optional<TableName> tableName(String text) {
        Matcher parts = QUALIFIED.matcher(text);
        if (!parts.matches()) {
            return Optional.empty();
        }
        TableName name = new TableName(plain(parts.group(1)), plain(parts.group(2)));
        return Optional.of(name).filter(n -> fits(n.schema()) && fits(n.name()));
    }

    private static Optional<String> columnName(String text) {
        return Optional.of(text).filter(t -> !t.isEmpty() && fits(t));
    }

    private static String plain(String part) {
        return part.startsWith("\"")
                ? part.substring(1, part.length() - 1).replace("\"\"", "\"")
                : part;
    }

    private static boolean fits(String name) {
        return name.getBytes(StandardCharsets.UTF_8).length <= NAME_BYTES_MAX;
    }
}
