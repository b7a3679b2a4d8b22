package dev.lockstep.plans.plan;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// The keys of one group of the plan. Whatever does not fit is reported here, and reading goes on
/// as if the key were not there, so that all mistakes are found in one pass.
final class Section {
    private static final String EXPECTED_KEYS = "a group of keys";

    private final String path;
    private final int line;
    private final Map<String, Node.Field> fields = new LinkedHashMap<>();
    private final Findings findings;

    private Section(String path, int line, Findings findings) {
        this.path = path;
        this.line = line;
        this.findings = findings;
    }

    /// A group that may hold no other keys than `known`.
    ///
    /// @param path the keys that lead to the group, empty for the file itself
    static Section of(
            String path, int line, Node.Fields node, List<String> known, Findings findings) {
        Section section = open(path, line, node, findings);
        List.copyOf(section.fields.values()).forEach(field -> section.settle(field, known));
        return section;
    }

    /// A group whose keys the operator chooses.
    static Section open(String path, int line, Node.Fields node, Findings findings) {
        Section section = new Section(path, line, findings);
        for (Node.Field field : node.fields()) {
            Node.Field first = section.fields.putIfAbsent(field.key(), field);
            if (first != null) {
                findings.add(
                        field.line(),
                        "%s stands here again, expected it once (it is on line %d)"
                                .formatted(section.path(shown(field.key())), first.line()));
            }
        }
        return section;
    }

    int line() {
        return line;
    }

    /// The line of `key`, or of the group without it.
    int line(String key) {
        Node.Field field = fields.get(key);
        return field == null ? line : field.line();
    }

    List<String> keys() {
        return List.copyOf(fields.keySet());
    }

    boolean has(String key) {
        return fields.containsKey(key);
    }

    Optional<Node> node(String key) {
        return Optional.ofNullable(fields.get(key)).map(Node.Field::value);
    }

    /// Reports that `key` is not as expected.
    void wrong(String key, Node node, String expected) {
        wrong(key, node.line(), node.found(), expected);
    }

    void wrong(String key, int at, String found, String expected) {
        findings.add(at, "%s is %s, expected %s".formatted(path(key), found, expected));
    }

    void report(int at, String text) {
        findings.add(at, text);
    }

    /// Whether `key` is there; reported if not.
    boolean require(String key, String expected) {
        if (!has(key)) {
            findings.add(line, "%s is missing, expected %s".formatted(path(key), expected));
        }
        return has(key);
    }

    /// The group below `key`; empty if it is not there or no group, which is reported.
    Optional<Section> section(String key, String... known) {
        return node(key)
                .flatMap(node -> fields(key, node, EXPECTED_KEYS + ": " + String.join(", ", known)))
                .map(f -> of(path(key), line(key), f, List.of(known), findings));
    }

    /// The same, with no key in it where the file has none: all its values are the defaults.
    Section sectionOrEmpty(String key, String... known) {
        return section(key, known).orElseGet(() -> new Section(path(key), line, findings));
    }

    Optional<Section> openSection(String key, String expected) {
        return node(key)
                .flatMap(node -> fields(key, node, expected))
                .map(f -> open(path(key), line(key), f, findings));
    }

    /// A group that is an item of the list below `key`.
    Section below(String key, Node.Fields item, String... known) {
        return of(path(key), item.line(), item, List.of(known), findings);
    }

    /// The list below `key`; empty if it is not there or no list, which is reported.
    Optional<List<Node>> list(String key, String expected) {
        return node(key)
                .flatMap(node ->
                        switch (node) {
                            case Node.Items items -> Optional.of(items.items());
                            case Node.Unresolved _ -> Optional.empty();
                            case Node.Text _, Node.Fields _, Node.Nothing _ -> {
                                wrong(key, node.line(), kind(node), expected);
                                yield Optional.empty();
                            }
                        });
    }

    /// The text of `key`; empty if it is not there or no text, which is reported.
    Optional<Node.Text> text(String key, String expected) {
        return node(key).flatMap(node -> text(key, node, expected));
    }

    /// The same for a node that stands somewhere below `key`, as in a list.
    Optional<Node.Text> text(String key, Node node, String expected) {
        return switch (node) {
            case Node.Text text -> Optional.of(text);
            case Node.Unresolved _ -> Optional.empty();
            case Node.Items _, Node.Fields _, Node.Nothing _ -> {
                wrong(key, node, expected);
                yield Optional.empty();
            }
        };
    }

    /// What `reader` makes of the text of `key`; reported if it makes nothing of it.
    <T> Optional<T> value(String key, String expected, Function<String, Optional<T>> reader) {
        return node(key).flatMap(node -> value(key, node, expected, reader));
    }

    <T> Optional<T> value(
            String key, Node node, String expected, Function<String, Optional<T>> reader) {
        return text(key, node, expected)
                .flatMap(text -> {
                    Optional<T> value = reader.apply(text.value());
                    if (value.isEmpty()) {
                        wrong(key, text, expected);
                    }
                    return value;
                });
    }

    String path(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    private Optional<Node.Fields> fields(String key, Node node, String expected) {
        return switch (node) {
            case Node.Fields fields -> Optional.of(fields);
            case Node.Unresolved _ -> Optional.empty();
            case Node.Text _, Node.Items _, Node.Nothing _ -> {
                wrong(key, node.line(), kind(node), expected);
                yield Optional.empty();
            }
        };
    }

    /// What stands there without its text, which may be a URL with a password.
    private static String kind(Node node) {
        return node instanceof Node.Text ? "a text" : node.found();
    }

    /// Takes an unknown key away. One that was mistyped is read as the one that was meant, so that
    /// it is not missed and its values are looked at too.
    private void settle(Node.Field field, List<String> known) {
        if (known.contains(field.key())) {
            return;
        }
        fields.remove(field.key());
        Optional<String> meant = Nearest.to(field.key(), known);
        meant.ifPresent(key -> fields.putIfAbsent(key, field));
        String where = path.isEmpty() ? "" : " in " + path;
        if (meant.isEmpty() && field.value() instanceof Node.Nothing) {
            // Most likely the rest of an unquoted text with a comma in it, perhaps of a password.
            findings.add(
                    field.line(),
                    ("found a word without a value%s, expected a blank behind the colon, and quotes"
                                    + " around a text with a comma")
                            .formatted(where));
            return;
        }
        String expected =
                meant.map(m -> "did you mean \"" + m + "\"?")
                        .orElse("expected one of: " + String.join(", ", known));
        findings.add(
                field.line(),
                "unknown key \"%s\"%s, %s".formatted(shown(field.key()), where, expected));
    }

    /// A key up to the first character that no key of a plan has: the rest may be a value.
    private static String shown(String key) {
        String start = key.replaceFirst("(?s)^([\\w.-]{0,40}).*", "$1");
        return start.length() == key.length() ? key : start + "...";
    }
}
