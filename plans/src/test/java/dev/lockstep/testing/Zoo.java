package dev.lockstep.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Tables with a column, and with a key, of every type in `types.txt`, and statements that bring
/// every value there is into each of them.
///
/// | table | holds |
/// | --- | --- |
/// | `zoo` | a column of each type, each row another value |
/// | `bare` | the same without a key |
/// | `key_N` | type `N` as the key, with a number behind it so that a value can come often |
public final class Zoo {
    /// What every session needs that reads or writes values as text.
    public static final String SETTINGS =
            """
            SET search_path = public; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres';
            SET timezone = 'UTC'; SET bytea_output = 'hex'; SET extra_float_digits = 1;
            SET lc_monetary = 'C'; SET array_nulls = on; SET standard_conforming_strings = on;
            SET xmloption = content; SET quote_all_identifiers = off; SET jit = off;
            SET max_parallel_workers_per_gather = 0;
            """;

    private final List<Kind> kinds;
    private final int rows;

    /// A type and its values, as SQL expressions.
    ///
    /// @param key whether it can be a table's key
    public record Kind(String type, boolean key, List<Value> values) {
        String column(int number) {
            return "c%s %s DEFAULT %s".formatted(number, type, value(0));
        }

        String value(int row) {
            return values.get(row % values.size()).sql();
        }
    }

    /// A value as an SQL expression.
    ///
    /// @param heavy whether it is too long for a key
    public record Value(String sql, boolean heavy) {}

    private Zoo(List<Kind> kinds) {
        this.kinds = kinds;
        this.rows = kinds.stream().mapToInt(kind -> kind.values().size()).max().orElseThrow();
    }

    /// What servers of this major and all later ones have.
    public static Zoo of(int major) {
        List<Kind> kinds = new ArrayList<>();
        boolean skipping = false;
        for (String line : text("types.txt").lines().toList()) {
            boolean type = !line.startsWith(" ");
            if (line.isBlank() || line.startsWith("#") || (!type && skipping)) {
                continue;
            }
            Line read = Line.of(line);
            if (type) {
                skipping = read.since() > major;
            }
            if (read.since() <= major) {
                if (type) {
                    kinds.add(new Kind(read.text(), read.marked("key"), new ArrayList<>()));
                } else {
                    Kind kind = kinds.getLast();
                    kind.values().add(new Value(read.sql(kind.type()), read.marked("heavy")));
                }
            }
        }
        return new Zoo(kinds);
    }

    /// The types, with the values of each.
    public List<Kind> kinds() {
        return List.copyOf(kinds);
    }

    private record Line(List<String> marks, String text) {
        static Line of(String line) {
            List<String> marks = new ArrayList<>();
            String rest = line.strip();
            while (rest.startsWith("@")) {
                int end = rest.indexOf(' ');
                marks.add(rest.substring(1, end));
                rest = rest.substring(end + 1);
            }
            return new Line(marks, rest);
        }

        int since() {
            return marks.stream()
                    .filter(mark -> Character.isDigit(mark.charAt(0)))
                    .mapToInt(Integer::parseInt)
                    .findFirst()
                    .orElse(0);
        }

        boolean marked(String mark) {
            return marks.contains(mark);
        }

        String sql(String type) {
            String value = text.startsWith("= ") ? text.substring(2) : literal(text);
            return "CAST(%s AS %s)".formatted(value, type.replaceAll(" COLLATE .*", ""));
        }
    }

    /// `text` as a literal of SQL.
    public static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    private static String text(String file) {
        try (InputStream in = Objects.requireNonNull(Zoo.class.getResourceAsStream(file), file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Types and tables, without rows.
    public String schema() {
        StringBuilder sql = new StringBuilder(SETTINGS).append(text("types.sql"));
        sql.append("CREATE TABLE zoo (id int PRIMARY KEY, must public.must DEFAULT 'it', ");
        sql.append(
                numbers()
                        .mapToObj(n -> kinds.get(n).column(n))
                        .collect(Collectors.joining(",\n", "", ");\n")));
        sql.append("CREATE TABLE bare (LIKE zoo INCLUDING DEFAULTS);\n");
        sql.append("ALTER TABLE bare REPLICA IDENTITY FULL;\n");
        keyNumbers()
                .forEach(n ->
                        sql.append(
                                """
                                CREATE TABLE key_%1$s (
                                    k %2$s, i int, n int, PRIMARY KEY (k, i));
                                """
                                        .formatted(n, kinds.get(n).type())));
        return sql.toString();
    }

    private IntStream numbers() {
        return IntStream.range(0, kinds.size());
    }

    private IntStream keyNumbers() {
        return numbers().filter(n -> kinds.get(n).key());
    }

    /// The tables with a key of each type.
    public List<String> keyTables() {
        List<String> tables = new ArrayList<>();
        keyNumbers().forEach(n -> tables.addAll(List.of("key_" + n)));
        return tables;
    }

    /// A row for each value, one of NULLs and one of defaults, in `table`: `zoo` or `bare`.
    public String insert(String table) {
        StringBuilder sql = new StringBuilder(SETTINGS);
        for (int row = 0; row < rows; row++) {
            int at = row;
            sql.append(
                    kinds.stream()
                            .map(kind -> kind.value(at))
                            .collect(
                                    Collectors.joining(
                                            ", ",
                                            "INSERT INTO %s VALUES (%s, 'must', "
                                                    .formatted(table, row),
                                            ");\n")));
        }
        sql.append(
                "INSERT INTO %s VALUES (-1, '~'%s);\n"
                        .formatted(table, ", NULL".repeat(kinds.size())));
        sql.append("INSERT INTO %s (id) VALUES (-2);\n".formatted(table));
        return sql.toString();
    }

    /// Gives every column of every row its next value, in so many statements, each of which changes
    /// some columns.
    public String update(String table, int statements) {
        StringBuilder sql = new StringBuilder(SETTINGS);
        for (int statement = 0; statement < statements; statement++) {
            int part = statement;
            sql.append(
                    numbers()
                            .filter(n -> n % statements == part)
                            .mapToObj(this::next)
                            .collect(
                                    Collectors.joining(",\n", "UPDATE " + table + " SET ", ";\n")));
        }
        return sql.toString();
    }

    private String next(int n) {
        Kind kind = kinds.get(n);
        return IntStream.range(0, rows)
                .mapToObj(row -> " WHEN %s THEN %s".formatted(row, kind.value(row + 1)))
                .collect(
                        Collectors.joining(
                                "",
                                "c%s = CASE id".formatted(n),
                                " WHEN -1 THEN %s END".formatted(kind.value(0))));
    }

    /// A row for each value with the number 0, and more of those that are not too long, about as
    /// many for each type as are wanted.
    public String insertKeys(int wanted) {
        StringBuilder sql = new StringBuilder(SETTINGS);
        for (int n : keyNumbers().toArray()) {
            String values =
                    kinds.get(n).values().stream()
                            .filter(value -> !value.heavy())
                            .map(value -> "(" + value.sql() + ")")
                            .collect(Collectors.joining(", "));
            sql.append(
                    """
                    INSERT INTO key_%1$s SELECT v, 0 FROM (VALUES %2$s) AS v (v)
                        ON CONFLICT DO NOTHING;
                    INSERT INTO key_%1$s
                        SELECT k, c, c FROM key_%1$s CROSS JOIN generate_series(1, %3$s) AS c
                         WHERE length(format('%%s', k)) < 5000;
                    """
                            .formatted(n, values, wanted / kinds.get(n).values().size()));
        }
        return sql.toString();
    }

    /// Runs a statement for each key table; `%s` stands for its number.
    public String perKey(String statement) {
        return keyNumbers()
                .mapToObj(n -> statement.replace("%s", Integer.toString(n)) + ";\n")
                .collect(Collectors.joining("", SETTINGS, ""));
    }

    /// Holds that both databases have the same values in `table`, by the text that each type's own
    /// output function gives.
    public void assertSame(Pair pair, String table) {
        assertThat(texts(pair.target(), table)).isEqualTo(texts(pair.source(), table));
    }

    private List<String> texts(Db db, String table) {
        try (Session session = db.session("test")) {
            session.run(SETTINGS);
            String sql = "SELECT v::text AS text FROM (%s) AS v".formatted(values(table));
            return session.rows(sql, row -> row.text("text")).stream().sorted().toList();
        }
    }

    private String values(String table) {
        if (table.startsWith("key")) {
            return "SELECT %s, to_jsonb(t) - 'k' FROM %s AS t".formatted(shown("k"), table);
        }
        return numbers()
                .mapToObj(n ->
                        "SELECT %s, id, must, %s FROM %s"
                                .formatted(
                                        literal("c%s %s".formatted(n, kinds.get(n).type())),
                                        shown("c" + n),
                                        table))
                .collect(Collectors.joining(" UNION ALL "));
    }

    private static String shown(String column) {
        String text = "format('%%s', %s)".formatted(column);
        return ("CASE WHEN %1$s IS NOT DISTINCT FROM NULL THEN 'NULL' ELSE left(%2$s, 99) ||"
                        + " ' # ' || md5(%2$s) END")
                .formatted(column, text);
    }
}
