package dev.lockstep.orchestrator.random;

import dev.lockstep.orchestrator.random.Shape.Field;
import dev.lockstep.orchestrator.random.Shape.KeyPart;
import dev.lockstep.orchestrator.random.Shape.Kind;
import dev.lockstep.orchestrator.random.Shape.Parent;
import dev.lockstep.testing.Zoo;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Draws tables by chance: one to five, and the types that they use.
final class Drawing {
    private static final int NEWEST = 18;
    private static final String TYPES =
            """
            CREATE TYPE mood AS ENUM ('low', 'High', 'ä b''c', 'a,b');
            CREATE TYPE pair AS (a numeric, b text);
            CREATE DOMAIN short AS varchar(20) CHECK (VALUE <> 'never');
            """;

    /// Those that need no types of a database's own, nor names in its catalog.
    private static final List<Zoo.Kind> KINDS =
            Zoo.of(NEWEST).kinds().stream()
                    .filter(kind -> !kind.type().matches("reg.*|aclitem.*|.*(public|other|Odd).*"))
                    .toList();

    private static final List<Zoo.Kind> KEYS =
            KINDS.stream()
                    .filter(kind -> kind.key() && !kind.values().isEmpty())
                    .filter(kind -> kind.values().stream().allMatch(Drawing::isShort))
                    .toList();

    private static final List<Field> OWN =
            List.of(
                    new Field("mood", List.of("NULL", "'low'", "'High'", "'ä b''c'", "'a,b'")),
                    new Field(
                            "pair",
                            List.of("NULL", "ROW(1.50, 'x')", "ROW(NULL, NULL)", "ROW(NULL, '')")),
                    new Field("short", List.of("NULL", "''", "'it''s'", "'\\'", "'NULL'")),
                    new Field("mood[]", List.of("NULL", "'{}'", "'{low,NULL,\"a,b\"}'")),
                    new Field("text STORAGE EXTERNAL", large()),
                    new Field("text", large()),
                    new Field("bytea STORAGE EXTERNAL", largeBytes()));

    private final Random random;
    private final List<Shape> shapes = new ArrayList<>();

    private Drawing(Random random) {
        this.random = random;
    }

    static List<Shape> shapes(Random random) {
        Drawing drawing = new Drawing(random);
        int count = 1 + random.nextInt(5);
        for (int i = 1; i <= count; i++) {
            drawing.shapes.add(drawing.shape(i));
        }
        return List.copyOf(drawing.shapes);
    }

    static String ddl(List<Shape> shapes) {
        return shapes.stream().map(Shape::ddl).collect(Collectors.joining("", TYPES, ""));
    }

    private static boolean isShort(Zoo.Value value) {
        return !value.heavy() && !value.sql().contains("repeat(");
    }

    private static List<String> large() {
        return List.of(
                "NULL",
                "''",
                "'short'",
                "repeat('ä\\', 1500)",
                "repeat(md5(random()::text), 90)",
                "repeat(md5(random()::text), 400)");
    }

    private static List<String> largeBytes() {
        return List.of(
                "NULL", "''", "'\\x00'", "convert_to(repeat(md5(random()::text), 90), 'UTF8')");
    }

    private Shape shape(int number) {
        String name = odd("t" + number);
        Kind kind = one(Kind.values());
        boolean partitioned =
                (kind == Kind.KEYED || kind == Kind.NUMBERED) && random.nextInt(5) == 0;
        boolean full = kind == Kind.KEYLESS || random.nextInt(6) == 0;
        List<KeyPart> key = key(kind);
        List<Field> fields = new ArrayList<>();
        List<String> columns = new ArrayList<>();
        key.forEach(part -> columns.add(part.column() + " " + part.type()));
        int count = 1 + random.nextInt(6);
        for (int i = 1; i <= count; i++) {
            Field drawn = field();
            String column = odd("c" + i);
            columns.add(column + " " + drawn.column());
            fields.add(new Field(column, drawn.values()));
        }
        if (!full && random.nextInt(3) == 0) {
            generated(columns, fields);
        }
        Optional<String> unique = partitioned ? Optional.empty() : unique(kind, columns);
        boolean deferrable = unique.isPresent() && random.nextBoolean();
        unique.ifPresent(column ->
                columns.add(
                        "UNIQUE (%s)%s"
                                .formatted(
                                        column,
                                        deferrable
                                                ? one(
                                                        " DEFERRABLE",
                                                        " DEFERRABLE INITIALLY DEFERRED")
                                                : "")));
        Optional<String> part = partitioned ? Optional.of(odd("part")) : Optional.empty();
        part.ifPresent(column -> columns.add(column + " int NOT NULL"));
        Optional<Parent> parent = parent(name, kind, key, partitioned, columns);
        String ddl = new TableText(random, name, kind, key, part, full).of(columns);
        return new Shape(name, kind, key, fields, unique, deferrable, parent, part, ddl);
    }

    private Optional<String> unique(Kind kind, List<String> columns) {
        if (kind == Kind.KEYLESS || random.nextInt(2) == 0) {
            return Optional.empty();
        }
        String column = odd("u").replace("\"\"", "");
        columns.add(column + " int");
        return Optional.of(column);
    }

    private void generated(List<String> columns, List<Field> fields) {
        String from = odd("x");
        columns.add(from + " int");
        fields.add(new Field(from, List.of("NULL", "0", "1", "-7", "1000000")));
        columns.add(
                "%s text GENERATED ALWAYS AS ((%s * 2)::text || '!') %s"
                        .formatted(odd("g"), from, one("STORED", "VIRTUAL")));
    }

    private Field field() {
        if (random.nextInt(3) == 0) {
            return OWN.get(random.nextInt(OWN.size()));
        }
        Zoo.Kind kind = KINDS.get(random.nextInt(KINDS.size()));
        List<String> values = new ArrayList<>(List.of("NULL"));
        kind.values().stream()
                .filter(value -> !value.heavy() || random.nextInt(10) == 0)
                .forEach(value -> values.add(value.sql()));
        boolean hasDefault = values.size() > 1 && random.nextInt(3) == 0;
        return new Field(
                hasDefault ? kind.type() + " DEFAULT " + values.get(1) : kind.type(), values);
    }

    private List<KeyPart> key(Kind kind) {
        String id = odd("id").replace("\"\"", "");
        if (kind == Kind.NUMBERED || kind == Kind.NUMBERED_ALWAYS) {
            String when = kind == Kind.NUMBERED ? "BY DEFAULT" : "ALWAYS";
            return List.of(
                    new KeyPart(
                            id,
                            "bigint GENERATED %s AS IDENTITY".formatted(when),
                            Integer::toString));
        }
        return switch (random.nextInt(11)) {
            case 0, 1 -> keyOf(id, "int", Integer::toString);
            case 2 -> keyOf(id, "bigint", n -> n + " * 3000000007");
            case 3 -> keyOf(id, "uuid", n -> "md5('%d')::uuid".formatted(n));
            case 4 -> keyOf(id, "text", n -> "'k''ä \\ %d'".formatted(n));
            // Equal numbers that look different.
            case 5 -> keyOf(id, "numeric", n -> n + one(".5", ".50", ".500"));
            case 6 ->
                    keyOf(
                            id,
                            "timestamptz",
                            n -> "timestamptz 'epoch' + %d * interval '1.000001 s'".formatted(n));
            case 7 -> keyOf(id, "bytea", n -> "decode(md5('%d'), 'hex')".formatted(n));
            case 8 ->
                    pairOf(
                            keyOf(
                                    id,
                                    "mood",
                                    n -> "(enum_range(NULL::mood))[%d]".formatted(1 + n % 4)));
            case 9 -> pairOf(keyOf(id, "varchar(9)", n -> "'part %d'".formatted(n % 7)));
            default -> {
                Zoo.Kind type = KEYS.get(random.nextInt(KEYS.size()));
                yield pairOf(
                        keyOf(
                                id,
                                type.type(),
                                n -> type.values().get(n % type.values().size()).sql()));
            }
        };
    }

    private static List<KeyPart> keyOf(String column, String type, IntFunction<String> value) {
        return List.of(new KeyPart(column, type, value));
    }

    private List<KeyPart> pairOf(List<KeyPart> first) {
        return Stream.concat(
                        first.stream(),
                        keyOf(odd("no").replace("\"\"", ""), "int", Integer::toString).stream())
                .toList();
    }

    /// A foreign key to an earlier table, or to itself.
    private Optional<Parent> parent(
            String name, Kind kind, List<KeyPart> key, boolean partitioned, List<String> columns) {
        if (random.nextInt(3) > 0) {
            return Optional.empty();
        }
        List<Shape> named =
                shapes.stream()
                        .filter(shape -> shape.kind() == Kind.KEYED || shape.isNumbered())
                        .filter(shape -> shape.key().size() == 1 && shape.part().isEmpty())
                        .toList();
        boolean self =
                !partitioned
                        && key.size() == 1
                        && kind != Kind.KEYLESS
                        && kind != Kind.ODDLY_KEYED
                        && random.nextBoolean();
        if (!self && named.isEmpty()) {
            return Optional.empty();
        }
        Shape other = self ? null : named.get(random.nextInt(named.size()));
        KeyPart to = (other == null ? key : other.key()).getFirst();
        String column = odd("ref");
        columns.add(
                "%s %s REFERENCES %s (%s) ON DELETE %s ON UPDATE %s%s"
                        .formatted(
                                column,
                                to.type().replaceAll(" GENERATED.*", ""),
                                other == null ? name : other.name(),
                                to.column(),
                                one("CASCADE", "SET NULL", "NO ACTION", "RESTRICT"),
                                one("CASCADE", "NO ACTION"),
                                one("", " DEFERRABLE INITIALLY DEFERRED")));
        return Optional.of(new Parent(column, to.value()));
    }

    @SafeVarargs
    private <T> T one(T... choices) {
        return choices[random.nextInt(choices.length)];
    }

    /// A quoted name that is like `plain`, and often hard to write.
    private String odd(String plain) {
        String name =
                switch (random.nextInt(12)) {
                    case 0 -> plain + " Mixed";
                    case 1 -> plain + "_ünï 日本";
                    case 2 -> plain + "_" + "x".repeat(62 - plain.length());
                    case 3 -> plain + "\"\"quoted";
                    case 4 -> plain + ".a%s\\b'c";
                    case 5 -> plain + " select";
                    default -> plain;
                };
        return "\"" + name + "\"";
    }
}
