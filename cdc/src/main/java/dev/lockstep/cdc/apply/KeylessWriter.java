package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.apply.KeylessRows.Net;
import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.cdc.session.CopyText;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Writes a table in which only the whole row names a row.
final class KeylessWriter {
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
        Map<List<@Nullable String>, Deque<String>> places =
                new KeylessSearch(session, table, names)
                        .find(old.stream().map(this::values).toList());
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
            long touched =
                    session.update(
                            "DELETE FROM ONLY %s WHERE ctid = ANY (CAST(?::text[] AS tid[]))"
                                    .formatted(table),
                            (Object) places.toArray(String[]::new));
            expect("DELETE", places.size() == touched);
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
            long touched = Arrays.stream(statement.executeBatch()).asLongStream().sum();
            expect("UPDATE", places.size() == touched);
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

    private String place(
            String verb, Tuple row, Map<List<@Nullable String>, Deque<String>> places) {
        String place = places.getOrDefault(values(row), new ArrayDeque<>()).poll();
        expect(verb, place != null);
        return Objects.requireNonNull(place);
    }

    private void expect(String verb, boolean met) {
        if (!met) {
            throw new LockstepException(
                    Fault.CHANGE_REFUSED,
                    ("%s of table \"%s\", which has no key: the standby has no such row; "
                                    + "the databases differ, run validate")
                            .formatted(verb, route.standby().name()));
        }
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
