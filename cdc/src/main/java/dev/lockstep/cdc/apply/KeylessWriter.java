package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.apply.KeylessRows.Net;
import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Writes a table in which only the whole row names a row.
///
/// No index finds such a row, so one pass over the table looks for all that a batch changes. Values
/// are compared as text, since not every type has an equality and some have one that is too wide.
/// `format` gives what the type's output function gives, as the stream does; a cast to text differs
/// for boolean, inet and char(n). Not distinct from NULL is only NULL itself, where `IS NULL` would
/// take a composite value of NULLs for one.
final class KeylessWriter {
    private static final int PASS_CHARS = 4 << 20;
    private static final int SMALL_CHARS = 200;

    private final Session session;
    private final Route route;
    private final String table;
    private final List<String> columns;
    private final int[] all;
    private final List<Ident> names;
    private final boolean hasIdentity;
    private final KeylessRows rows;

    KeylessWriter(Session session, Route route, Layout layout) {
        this.session = session;
        this.route = route;
        this.table = route.standby().name().sql();
        this.columns = route.standbyColumns(layout);
        this.all = Route.positions(columns);
        this.names = Arrays.stream(all).mapToObj(i -> new Ident(columns.get(i))).toList();
        this.hasIdentity =
                Arrays.stream(all)
                        .mapToObj(columns::get)
                        .anyMatch(c -> route.standby().column(c).orElseThrow().identity());
        this.rows = new KeylessRows(all);
    }

    void add(Change.RowChange change) {
        switch (change) {
            case Change.Insert insert -> rows.add(insert);
            case Change.Update update ->
                    rows.add(update, update.before().orElseThrow(this::unnamed));
            case Change.Delete delete -> rows.add(delete);
        }
    }

    /// Writes what was taken in.
    void flush() {
        Net net = rows.take();
        List<Tuple> old = Stream.concat(net.removed().stream(), net.altered().stream()).toList();
        Map<List<@Nullable String>, Deque<String>> places = find(old);
        delete(net.removed().stream().map(row -> place("DELETE", row, places)).toList());
        update(
                net.altered().stream().map(row -> place("UPDATE", row, places)).toList(),
                net.after());
        if (!net.added().isEmpty()) {
            String sql = "COPY %s (%s) FROM STDIN".formatted(table, list("%s"));
            CopyText.send(session, sql, net.added(), all);
        }
    }

    private void delete(List<String> places) {
        if (!places.isEmpty()) {
            session.update(
                    "DELETE FROM ONLY %s WHERE ctid = ANY (CAST(?::text[] AS tid[]))"
                            .formatted(table),
                    (Object) places.toArray(String[]::new));
        }
    }

    private void update(List<String> places, List<Tuple> after) {
        if (places.isEmpty()) {
            return;
        }
        String sql =
                hasIdentity
                        ? copySql()
                        : "UPDATE ONLY %s SET %s WHERE ctid = ?".formatted(table, list("%s = ?"));
        try (PreparedStatement statement = session.prepare(sql)) {
            for (int i = 0; i < places.size(); i++) {
                int at = 1;
                if (hasIdentity) {
                    statement.setString(at++, places.get(i));
                }
                for (String value : values(after.get(i))) {
                    statement.setString(at++, value);
                }
                if (!hasIdentity) {
                    statement.setString(at, places.get(i));
                }
                statement.addBatch();
            }
            statement.executeBatch();
        } catch (SQLException e) {
            throw session.fault(sql, e);
        }
    }

    /// An identity column cannot be updated, but a row can be put back with another value.
    private String copySql() {
        String others =
                route.standbysOwn(columns).stream()
                        .map(name -> ", " + new Ident(name))
                        .collect(Collectors.joining());
        return ("WITH old AS (DELETE FROM ONLY %s WHERE ctid = ? RETURNING *) INSERT INTO %s "
                        + "(%s%s) OVERRIDING SYSTEM VALUE SELECT %s%s FROM old")
                .formatted(table, table, list("%s"), others, list("?"), others);
    }

    /// Where rows with the values of each of `sought` are, no more than are asked for.
    private Map<List<@Nullable String>, Deque<String>> find(List<Tuple> sought) {
        Map<List<@Nullable String>, Integer> counts = new LinkedHashMap<>();
        sought.forEach(row -> counts.merge(values(row), 1, Integer::sum));
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
        for (int i = 0; i < all.length; i++) {
            Ident name = names.get(i);
            conditions.add(
                    row.values().get(i) == null
                            ? name + " IS NOT DISTINCT FROM NULL"
                            : (name + " IS DISTINCT FROM NULL AND pg_catalog.format('%s', ")
                                    + (name + ") COLLATE \"C\" = ?::text"));
        }
        String sql =
                "SELECT ctid AS place FROM ONLY %s WHERE %s LIMIT %d"
                        .formatted(table, String.join(" AND ", conditions), row.count());
        Object[] given = row.values().stream().filter(Objects::nonNull).toArray();
        row.places().addAll(session.rows(sql, found -> found.text("place"), given));
    }

    /// Small values first, so that of most other rows the large ones stay unread.
    private void lookForAll(List<Sought> pass) {
        List<Integer> large =
                IntStream.range(0, all.length).boxed().filter(i -> isLarge(pass, i)).toList();
        List<Integer> small =
                IntStream.range(0, all.length).boxed().filter(i -> !large.contains(i)).toList();
        String sql =
                """
                WITH sought AS MATERIALIZED (
                    SELECT n, CAST(count AS int) AS count, CAST(small AS text[]) AS small,
                           CAST(large AS text[]) AS large
                      FROM unnest(?::text[], ?::text[], ?::text[])
                           WITH ORDINALITY AS s (count, small, large, n)),
                near AS MATERIALIZED (
                    SELECT ctid AS place, %1$s AS small%2$s
                      FROM ONLY %3$s
                     WHERE %1$s IN (SELECT small FROM sought))
                SELECT n, place
                  FROM (SELECT n, count, place, row_number() OVER (PARTITION BY n) AS nth
                          FROM sought AS s
                          JOIN near AS t ON s.small = t.small AND s.large = %4$s) AS found
                 WHERE nth <= count\
                """
                        .formatted(
                                array(small, i -> names.get(i).toString()),
                                large.stream()
                                        .map(i -> ", %s AS c%d".formatted(names.get(i), i))
                                        .collect(Collectors.joining()),
                                table,
                                array(large, i -> "t.c" + i));
        session.rows(
                sql,
                found -> pass.get(found.integer("n") - 1).places().add(found.text("place")),
                pass.stream().map(row -> Integer.toString(row.count())).toArray(String[]::new),
                literals(pass, small),
                literals(pass, large));
    }

    private static boolean isLarge(List<Sought> rows, int column) {
        return rows.stream()
                .map(row -> row.values().get(column))
                .anyMatch(value -> value != null && value.length() > SMALL_CHARS);
    }

    private static String array(List<Integer> positions, IntFunction<String> column) {
        return positions.stream()
                .map(column::apply)
                .map(c ->
                        "CASE WHEN %s IS DISTINCT FROM NULL THEN pg_catalog.format('%%s', %s) END"
                                .formatted(c, c))
                .collect(Collectors.joining(", ", "CAST(ARRAY[", "] AS text[]) COLLATE \"C\""));
    }

    private String[] literals(List<Sought> rows, List<Integer> positions) {
        return session.raw(
                "array",
                connection -> {
                    String[] literals = new String[rows.size()];
                    for (int n = 0; n < literals.length; n++) {
                        List<@Nullable String> values = rows.get(n).values();
                        literals[n] =
                                connection
                                        .createArrayOf(
                                                "text",
                                                positions.stream().map(values::get).toArray())
                                        .toString();
                    }
                    return literals;
                });
    }

    private String place(
            String verb, Tuple row, Map<List<@Nullable String>, Deque<String>> places) {
        String place = places.getOrDefault(values(row), new ArrayDeque<>()).poll();
        if (place == null) {
            throw new LockstepException(
                    Fault.CHANGE_REFUSED,
                    ("%s of table \"%s\", which has no key: the standby has no such row; "
                                    + "the databases differ, run validate")
                            .formatted(verb, route.standby().name()));
        }
        return place;
    }

    private List<@Nullable String> values(Tuple row) {
        return Coalescer.keyOf(row, all);
    }

    /// The columns, each as `form` shows its name.
    private String list(String form) {
        return names.stream()
                .map(name -> form.replace("%s", name.toString()))
                .collect(Collectors.joining(", "));
    }

    private LockstepException unnamed() {
        return new LockstepException(
                Fault.CHANGE_REFUSED,
                ("UPDATE of table \"%s\" came without the old row; set REPLICA IDENTITY FULL on "
                                + "it and start the run afresh")
                        .formatted(route.active().name()));
    }
}
