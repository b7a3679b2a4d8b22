package dev.lockstep.orchestrator.random;

import dev.lockstep.orchestrator.random.Shape.Field;
import dev.lockstep.orchestrator.random.Shape.Kind;
import dev.lockstep.plans.sql.Session;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Statements on a table, with values by chance.
final class Statements {
    private final Random random;

    Statements(Random random) {
        this.random = random;
    }

    String someOf(Shape shape, int most) {
        return (" WHERE (tableoid, ctid) IN (SELECT tableoid, ctid FROM %s"
                        + " ORDER BY random() LIMIT %d)")
                .formatted(shape.name(), 1 + random.nextInt(most));
    }

    private record Cells(List<String> columns, List<String> values) {
        static Cells none() {
            return new Cells(new ArrayList<>(), new ArrayList<>());
        }

        void add(String column, String value) {
            columns.add(column);
            values.add(value);
        }

        String assignments() {
            return IntStream.range(0, columns.size())
                    .mapToObj(i -> columns.get(i) + " = " + values.get(i))
                    .collect(Collectors.joining(", "));
        }
    }

    /// Some columns, with values; none perhaps.
    private Cells cells(Shape shape) {
        Cells cells = Cells.none();
        for (Field field : shape.fields()) {
            if (random.nextInt(2) == 0) {
                cells.add(field.column(), one(field.values()));
            }
        }
        shape.unique()
                .filter(_ -> random.nextInt(3) > 0)
                .ifPresent(column -> cells.add(column, Integer.toString(random.nextInt(200))));
        shape.parent()
                .filter(_ -> random.nextInt(2) > 0)
                .ifPresent(parent ->
                        cells.add(
                                parent.column(), parent.value().apply(random.nextInt(Work.KEYS))));
        return cells;
    }

    private Cells row(Shape shape, int n) {
        Cells cells = cells(shape);
        if (!shape.isNumbered()) {
            shape.key().forEach(part -> cells.add(part.column(), part.value().apply(n)));
        }
        shape.part().ifPresent(column -> cells.add(column, digit()));
        return cells;
    }

    private String digit() {
        return Integer.toString(random.nextInt(10));
    }

    void insert(Session session, Shape shape, int n, String more) {
        Cells cells = row(shape, n);
        session.run(
                cells.columns().isEmpty()
                        ? "INSERT INTO " + shape.name() + " DEFAULT VALUES" + more
                        : insertion(shape, cells) + more);
    }

    private static String insertion(Shape shape, Cells cells) {
        return "INSERT INTO %s (%s) VALUES (%s)"
                .formatted(
                        shape.name(),
                        String.join(", ", cells.columns()),
                        String.join(", ", cells.values()));
    }

    void insertOrUpdate(Session session, Shape shape, int n) {
        if (shape.kind() == Kind.KEYED) {
            Cells cells = row(shape, n);
            session.run(
                    "%s ON CONFLICT (%s) DO UPDATE SET %s"
                            .formatted(
                                    insertion(shape, cells),
                                    shape.keyColumns()
                                            + shape.part().map(part -> ", " + part).orElse(""),
                                    cells.assignments()));
        } else {
            insert(session, shape, n, "");
        }
    }

    void insertMany(Session session, Shape shape, int n) {
        Cells cells = row(shape, n);
        if (!cells.columns().isEmpty() && shape.kind() == Kind.KEYLESS) {
            String values = "(" + String.join(", ", cells.values()) + ")";
            session.run(insertion(shape, cells) + (", " + values).repeat(random.nextInt(12)));
            return;
        }
        boolean lenient = shape.kind() != Kind.ODDLY_KEYED && !shape.deferrable();
        for (int i = 0; i < 10; i++) {
            insert(session, shape, n + i, lenient ? " ON CONFLICT DO NOTHING" : "");
        }
    }

    /// The server itself writes the values down as COPY wants them.
    void copy(Session session, Shape shape, int n) {
        Cells cells = row(shape, n);
        if (cells.columns().isEmpty()) {
            return;
        }
        List<String> typed =
                cells.values().stream()
                        .map(value -> "(%s)".formatted(value).replace("(NULL)", "NULL::text"))
                        .toList();
        session.raw(
                "COPY",
                connection -> {
                    ByteArrayOutputStream row = new ByteArrayOutputStream();
                    var _ =
                            connection
                                    .getCopyAPI()
                                    .copyOut(
                                            "COPY (SELECT %s) TO STDOUT"
                                                    .formatted(String.join(", ", typed)),
                                            row);
                    return connection
                            .getCopyAPI()
                            .copyIn(
                                    "COPY %s (%s) FROM STDIN"
                                            .formatted(
                                                    shape.name(),
                                                    String.join(", ", cells.columns())),
                                    new ByteArrayInputStream(row.toByteArray()));
                });
    }

    void update(Session session, Shape shape, String where) {
        Cells cells = cells(shape);
        shape.part()
                .filter(_ -> random.nextInt(3) == 0)
                .ifPresent(column -> cells.add(column, digit()));
        if (!cells.columns().isEmpty()) {
            session.run("UPDATE " + shape.name() + " SET " + cells.assignments() + where);
        }
    }

    /// Alone, or with other columns.
    void changeKey(Session session, Shape shape, int n) {
        if (shape.kind() == Kind.NUMBERED_ALWAYS) {
            return;
        }
        Cells cells = random.nextBoolean() ? cells(shape) : Cells.none();
        int next = random.nextInt(shape.isNumbered() ? 10 * Work.KEYS : Work.KEYS);
        shape.key().forEach(part -> cells.add(part.column(), part.value().apply(next)));
        session.run(
                "UPDATE %s SET %s WHERE %s"
                        .formatted(shape.name(), cells.assignments(), shape.where(n)));
    }

    /// Two rows change their unique values.
    void swap(Session session, Shape shape) {
        if (shape.unique().isEmpty()) {
            return;
        }
        String column = shape.unique().get();
        List<String> found =
                session.rows(
                        "SELECT %1$s AS u FROM %2$s WHERE %1$s IS NOT NULL ORDER BY %1$s LIMIT 40"
                                .formatted(column, shape.name()),
                        row -> row.text("u"));
        if (found.size() < 2) {
            return;
        }
        Collections.shuffle(found, random);
        String a = found.getFirst();
        String b = found.getLast();
        if (shape.deferrable()) {
            session.run(
                    "UPDATE %1$s SET %2$s = %3$s + %4$s - %2$s WHERE %2$s IN (%3$s, %4$s)"
                            .formatted(shape.name(), column, a, b));
        } else {
            set(session, shape.name(), column, "-1", a);
            set(session, shape.name(), column, a, b);
            set(session, shape.name(), column, b, "-1");
        }
    }

    private static void set(Session session, String table, String column, String to, String from) {
        session.run(
                "UPDATE %1$s SET %2$s = %3$s WHERE %2$s = %4$s".formatted(table, column, to, from));
    }

    /// Rows take the values that others have just left.
    void shift(Session session, Shape shape) {
        Optional<String> numbers =
                shape.unique().filter(_ -> random.nextBoolean()).or(() -> numberKey(shape));
        if (numbers.isPresent()) {
            int from = random.nextInt(Work.KEYS);
            session.run(
                    "UPDATE %1$s SET %2$s = %2$s %3$s WHERE %2$s BETWEEN %4$d AND %5$d"
                            .formatted(
                                    shape.name(),
                                    numbers.get(),
                                    one(List.of("+ 1", "- 1", "+ 1000", "- 1000")),
                                    from,
                                    from + random.nextInt(30)));
        }
    }

    private static Optional<String> numberKey(Shape shape) {
        boolean number =
                shape.kind() != Kind.NUMBERED_ALWAYS
                        && shape.key().size() == 1
                        && shape.key().getFirst().type().matches("int|bigint.*|numeric");
        return number ? Optional.of(shape.keyColumns()) : Optional.empty();
    }

    void delete(Session session, Shape shape, String where) {
        session.run("DELETE FROM " + shape.name() + where);
    }

    void truncate(Session session, Shape shape) {
        session.run(
                "TRUNCATE "
                        + shape.name()
                        + one(List.of("", "", " CASCADE", " RESTART IDENTITY CASCADE")));
    }

    private String one(List<String> choices) {
        return choices.get(random.nextInt(choices.size()));
    }
}
