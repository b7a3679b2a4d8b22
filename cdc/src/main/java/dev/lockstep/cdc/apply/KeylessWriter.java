package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Writes a table in which only the whole row names a row: of several that are alike, any one is
/// meant. Changes go one by one and in order, inserts between them together.
final class KeylessWriter {
    private final Session session;
    private final Route route;
    private final String table;
    private final List<String> columns;
    private final int[] all;
    private final boolean hasIdentity;
    private final List<Tuple> inserts = new ArrayList<>();

    KeylessWriter(Session session, Route route, Layout layout) {
        this.session = session;
        this.route = route;
        this.table = route.standby().name().sql();
        this.columns = route.standbyColumns(layout);
        this.all = Route.positions(columns);
        this.hasIdentity =
                Arrays.stream(all)
                        .mapToObj(columns::get)
                        .anyMatch(c -> route.standby().column(c).orElseThrow().identity());
    }

    void add(Change.RowChange change) {
        switch (change) {
            case Change.Insert(Layout _, Tuple after) -> inserts.add(after);
            case Change.Update(Layout _, var before, Tuple after) -> {
                flush();
                update(before.orElseThrow(this::unnamed), after);
            }
            case Change.Delete(Layout _, Tuple before) -> {
                flush();
                String sql = "DELETE FROM ONLY %s WHERE %s".formatted(table, one(before));
                write("DELETE", sql, List.of(matched(before)));
            }
        }
    }

    void flush() {
        if (!inserts.isEmpty()) {
            CopyText.send(
                    session, "COPY %s (%s) FROM STDIN".formatted(table, names()), inserts, all);
            inserts.clear();
        }
    }

    private void update(Tuple old, Tuple after) {
        List<@Nullable String> given = given(after.over(old));
        if (hasIdentity) {
            write("UPDATE", copySql(old), List.of(matched(old), given));
        } else {
            String sql = "UPDATE ONLY %s SET %s WHERE %s".formatted(table, set(), one(old));
            write("UPDATE", sql, List.of(given, matched(old)));
        }
    }

    /// An identity column cannot be updated, but a row can be put back with another value.
    private String copySql(Tuple old) {
        String others =
                route.standbysOwn(columns).stream()
                        .map(name -> ", " + new Ident(name))
                        .collect(Collectors.joining());
        return ("WITH old AS (DELETE FROM ONLY %s WHERE %s RETURNING *) INSERT INTO %s (%s%s) "
                        + "OVERRIDING SYSTEM VALUE SELECT %s%s FROM old")
                .formatted(
                        table,
                        one(old),
                        table,
                        names(),
                        others,
                        "?, ".repeat(all.length - 1) + "?",
                        others);
    }

    private void write(String verb, String sql, List<List<@Nullable String>> values) {
        try (PreparedStatement prepared = session.prepare(sql)) {
            int at = 1;
            for (List<@Nullable String> some : values) {
                for (String value : some) {
                    prepared.setString(at++, value);
                }
            }
            if (prepared.executeUpdate() != 1) {
                throw new LockstepException(
                        Fault.CHANGE_REFUSED,
                        ("%s of table \"%s\", which has no key: the standby has no such row; "
                                        + "the databases differ, run validate")
                                .formatted(verb, route.standby().name()));
            }
        } catch (SQLException e) {
            throw session.fault(sql, e);
        }
    }

    private LockstepException unnamed() {
        return new LockstepException(
                Fault.CHANGE_REFUSED,
                ("UPDATE of table \"%s\" came without the old row; set REPLICA IDENTITY FULL on "
                                + "it and start the run afresh")
                        .formatted(route.active().name()));
    }

    private List<@Nullable String> given(Tuple row) {
        List<@Nullable String> values = new ArrayList<>();
        Arrays.stream(all).forEach(i -> values.add(row.value(i)));
        return values;
    }

    private List<@Nullable String> matched(Tuple old) {
        List<@Nullable String> values = given(old);
        values.removeIf(Objects::isNull);
        return values;
    }

    private String one(Tuple old) {
        return "ctid = (SELECT ctid FROM ONLY %s WHERE %s LIMIT 1)".formatted(table, match(old));
    }

    private String names() {
        return Arrays.stream(all)
                .mapToObj(i -> new Ident(columns.get(i)).toString())
                .collect(Collectors.joining(", "));
    }

    private String set() {
        return Arrays.stream(all)
                .mapToObj(i -> new Ident(columns.get(i)) + " = ?")
                .collect(Collectors.joining(", "));
    }

    /// Text against text, since not every type has an equality and some have one that is too wide.
    /// `format` gives what the type's output function gives, as the stream does; a cast to text
    /// differs for boolean, inet and char(n). Not distinct from NULL is only NULL itself, where `IS
    /// NULL` would take a composite value of NULLs for one.
    private String match(Tuple old) {
        List<String> conditions = new ArrayList<>();
        for (int i : all) {
            Ident name = new Ident(columns.get(i));
            conditions.add(
                    old.value(i) == null
                            ? name + " IS NOT DISTINCT FROM NULL"
                            : (name + " IS DISTINCT FROM NULL AND pg_catalog.format('%s', ")
                                    + (name + ") COLLATE \"C\" = ?::text"));
        }
        return String.join(" AND ", conditions);
    }
}
