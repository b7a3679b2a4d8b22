package dev.lockstep.orchestrator.random;

import dev.lockstep.orchestrator.random.Shape.Field;
import dev.lockstep.orchestrator.random.Shape.Kind;
import dev.lockstep.plans.fault.LockstepException;
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

/// What one transaction does, by chance.
final class Work {
    /// How many keys there may be of a table, so that they are met often.
    static final int KEYS = 120;

    private final Random random;
    private final List<Shape> shapes;

    Work(Random random, List<Shape> shapes) {
        this.random = random;
        this.shapes = shapes;
    }

    /// Brings rows into a table that is empty.
    void fill(Session session, Shape shape, int rows) {
        for (int i = 0; i < rows; i++) {
            try {
                insert(session, shape, random.nextInt(KEYS), "");
            } catch (LockstepException e) {
                if (!Writers.isRefusedByChance(e)) {
                    throw e;
                }
            }
        }
    }

    /// Some statements, some of them taken back.
    void some(Session session) {
        int statements = 1 + random.nextInt(4);
        for (int i = 0; i < statements; i++) {
            if (random.nextInt(5) == 0) {
                savepoint(session);
            } else {
                statement(session, any());
            }
        }
    }

    private Shape any() {
        return shapes.get(random.nextInt(shapes.size()));
    }

    private void savepoint(Session session) {
        session.run("SAVEPOINT here");
        try {
            statement(session, any());
            session.run(random.nextBoolean() ? "ROLLBACK TO here" : "RELEASE here");
        } catch (LockstepException e) {
            if (!Writers.isRefusedByChance(e)) {
                throw e;
            }
            session.run("ROLLBACK TO here");
        }
        if (random.nextBoolean()) {
            statement(session, any());
        }
    }

    private void statement(Session session, Shape shape) {
        int n = random.nextInt(KEYS);
        switch (random.nextInt(40)) {
            case 0, 1, 2, 3, 4, 5, 6 -> insert(session, shape, n, "");
            case 7, 8, 9, 10 -> insertOrUpdate(session, shape, n);
            case 11 -> insertMany(session, shape, n);
            case 12, 13 -> copy(session, shape, n);
            case 14, 15, 16, 17, 18, 19, 20 -> update(session, shape, " WHERE " + shape.where(n));
            case 21, 22 -> update(session, shape, someOf(shape, 12));
            case 23, 24, 25 -> changeKey(session, shape, n);
            case 26, 27, 28 -> swap(session, shape);
            case 29, 30 -> shift(session, shape);
            case 31, 32, 33 -> delete(session, shape, " WHERE " + shape.where(n));
            case 34 -> delete(session, shape, someOf(shape, 20));
            case 35, 36, 37 -> {
                delete(session, shape, " WHERE " + shape.where(n));
                insert(session, shape, n, "");
            }
            case 38 -> update(session, shape, "");
            default -> {
                if (random.nextInt(4) == 0) {
                    truncate(session, shape);
                }
            }
        }
    }

    private String someOf(Shape shape, int most) {
        return " WHERE (tableoid, ctid) IN (SELECT tableoid, ctid FROM %s ORDER BY random() LIMIT %d)"
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
                        cells.add(parent.column(), parent.value().apply(random.nextInt(KEYS))));
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

    private void insert(Session session, Shape shape, int n, String more) {
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

    private void insertOrUpdate(Session session, Shape shape, int n) {
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

    private void insertMany(Session session, Shape shape, int n) {
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
    private void copy(Session session, Shape shape, int n) {
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

    private void update(Session session, Shape shape, String where) {
        Cells cells = cells(shape);
        shape.part()
                .filter(_ -> random.nextInt(3) == 0)
                .ifPresent(column -> cells.add(column, digit()));
        if (!cells.columns().isEmpty()) {
            session.run("UPDATE " + shape.name() + " SET " + cells.assignments() + where);
        }
    }

    /// Alone, or with other columns.
    private void changeKey(Session session, Shape shape, int n) {
        if (shape.kind() == Kind.NUMBERED_ALWAYS) {
            return;
        }
        Cells cells = random.nextBoolean() ? cells(shape) : Cells.none();
        int next = random.nextInt(shape.isNumbered() ? 10 * KEYS : KEYS);
        shape.key().forEach(part -> cells.add(part.column(), part.value().apply(next)));
        session.run(
                "UPDATE %s SET %s WHERE %s"
                        .formatted(shape.name(), cells.assignments(), shape.where(n)));
    }

    /// Two rows change their unique values.
    private void swap(Session session, Shape shape) {
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
    private void shift(Session session, Shape shape) {
        Optional<String> numbers =
                shape.unique().filter(_ -> random.nextBoolean()).or(() -> numberKey(shape));
        if (numbers.isPresent()) {
            int from = random.nextInt(KEYS);
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

    private void delete(Session session, Shape shape, String where) {
        session.run("DELETE FROM " + shape.name() + where);
    }

    private void truncate(Session session, Shape shape) {
        session.run(
                "TRUNCATE "
                        + shape.name()
                        + one(List.of("", "", " CASCADE", " RESTART IDENTITY CASCADE")));
    }

    private String one(List<String> choices) {
        return choices.get(random.nextInt(choices.size()));
    }
}
