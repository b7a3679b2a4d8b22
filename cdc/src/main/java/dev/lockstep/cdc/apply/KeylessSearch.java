package dev.lockstep.cdc.apply;

import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Finds rows by all of their values. No index can be trusted to, so one pass over the table looks
/// for all that a batch changes.
///
/// Values are compared as text, since not every type has an equality and some have one that is too
/// wide. `format` gives what the type's output function gives, as the stream does; a cast to text
/// differs for boolean, inet and char(n). Not distinct from NULL is only NULL itself, where `IS
/// NULL` would take a composite value of NULLs for one.
final class KeylessSearch {
    private static final int PASS_CHARS = 4 << 20;
    private static final int BEGIN_CHARS = 200;

    /// Compares the beginnings of values first, so that of few rows a large one is read.
    private static final String FIND =
            """
            WITH sought AS MATERIALIZED (
                SELECT n, CAST(count AS int) AS count, CAST(begins AS text[]) AS begins,
                       CAST(wholes AS text[]) AS wholes
                  FROM unnest(?::text[], ?::text[], ?::text[])
                       WITH ORDINALITY AS s (count, begins, wholes, n)),
            near AS MATERIALIZED (
                SELECT ctid AS place, %1$s AS begins%2$s
                  FROM ONLY %3$s
                 WHERE %1$s IN (SELECT begins FROM sought))
            SELECT n, place
              FROM (SELECT n, count, place, row_number() OVER (PARTITION BY n) AS nth
                      FROM sought AS s
                      JOIN near AS t ON s.begins = t.begins AND s.wholes = %4$s) AS found
             WHERE nth <= count\
            """;

    private final Session session;
    private final String table;
    private final List<String> columns;

    /// @param columns those that make a row
    KeylessSearch(Session session, String table, List<Ident> columns) {
        this.session = session;
        this.table = table;
        this.columns = columns.stream().map(Ident::toString).toList();
    }

    /// Where rows with the values of each of `sought` are, no more than are asked for.
    Map<List<@Nullable String>, Deque<String>> find(List<List<@Nullable String>> sought) {
        Map<List<@Nullable String>, Integer> counts = new LinkedHashMap<>();
        sought.forEach(row -> counts.merge(row, 1, Integer::sum));
        Map<List<@Nullable String>, Deque<String>> places = new HashMap<>();
        List<Sought> pass = new ArrayList<>();
        long chars = 0;
        for (var entry : counts.entrySet()) {
            Sought next = new Sought(entry.getKey(), entry.getValue(), new ArrayDeque<>());
            places.put(next.values(), next.places());
            if (chars + next.chars() > PASS_CHARS) {
                look(pass);
                pass.clear();
                chars = 0;
            }
            pass.add(next);
            chars += next.chars();
        }
        look(pass);
        return places;
    }

    /// A row to be looked for.
    ///
    /// @param count how many such rows are wanted
    /// @param places where they were found
    private record Sought(List<@Nullable String> values, int count, Deque<String> places) {
        long chars() {
            return values.stream().filter(Objects::nonNull).mapToLong(String::length).sum();
        }

        /// PostgreSQL counts characters where Java counts UTF-16's halves of some.
        @Nullable String begin(int column) {
            String value = values.get(column);
            return value == null || value.codePointCount(0, value.length()) <= BEGIN_CHARS
                    ? value
                    : value.substring(0, value.offsetByCodePoints(0, BEGIN_CHARS));
        }

        boolean isLarge(int column) {
            return !Objects.equals(begin(column), values.get(column));
        }
    }

    private void look(List<Sought> pass) {
        if (pass.size() == 1) {
            lookForOne(pass.getFirst());
        } else if (pass.size() > 1) {
            lookForAll(pass);
        }
    }

    private void lookForOne(Sought row) {
        List<String> conditions = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            String column = columns.get(i);
            conditions.add(
                    row.values().get(i) == null
                            ? column + " IS NOT DISTINCT FROM NULL"
                            : (column + " IS DISTINCT FROM NULL AND pg_catalog.format('%s', ")
                                    + (column + ") COLLATE \"C\" = ?::text"));
        }
        String sql =
                "SELECT ctid AS place FROM ONLY %s WHERE %s LIMIT %d"
                        .formatted(table, String.join(" AND ", conditions), row.count());
        Object[] given = row.values().stream().filter(Objects::nonNull).toArray();
        row.places().addAll(session.rows(sql, found -> found.text("place"), given));
    }

    private void lookForAll(List<Sought> pass) {
        List<Integer> large =
                IntStream.range(0, columns.size())
                        .boxed()
                        .filter(i -> pass.stream().anyMatch(row -> row.isLarge(i)))
                        .toList();
        String begins =
                IntStream.range(0, columns.size())
                        .mapToObj(i -> begin(columns.get(i), large.contains(i)))
                        .collect(Collectors.joining(", "));
        String sql =
                FIND.formatted(
                        array(begins),
                        large.stream()
                                .map(i -> ", %s AS c%d".formatted(columns.get(i), i))
                                .collect(Collectors.joining()),
                        table,
                        array(
                                large.stream()
                                        .map(i -> text("t.c" + i))
                                        .collect(Collectors.joining(", "))));
        List<Integer> all = IntStream.range(0, columns.size()).boxed().toList();
        session.rows(
                sql,
                found -> pass.get(found.integer("n") - 1).places().add(found.text("place")),
                pass.stream().map(row -> Integer.toString(row.count())).toArray(String[]::new),
                literals(pass, row -> all.stream().map(row::begin).toArray()),
                literals(pass, row -> large.stream().map(row.values()::get).toArray()));
    }

    private static String begin(String column, boolean large) {
        return large
                ? "pg_catalog.left(%s, %d)".formatted(text(column), BEGIN_CHARS)
                : text(column);
    }

    private static String text(String column) {
        return "CASE WHEN %s IS DISTINCT FROM NULL THEN pg_catalog.format('%%s', %s) END"
                .formatted(column, column);
    }

    private static String array(String elements) {
        return "CAST(ARRAY[" + elements + "] AS text[]) COLLATE \"C\"";
    }

    private String[] literals(List<Sought> rows, Function<Sought, Object[]> values) {
        return session.raw(
                "array",
                connection -> {
                    String[] literals = new String[rows.size()];
                    for (int n = 0; n < literals.length; n++) {
                        Object[] row = values.apply(rows.get(n));
                        literals[n] = connection.createArrayOf("text", row).toString();
                    }
                    return literals;
                });
    }
}
