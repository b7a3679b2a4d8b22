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
import java.util.stream.Collectors;

/// Writes a table in which only the whole row names a row: of several that are alike, any one is
/// meant. Changes go one by one and in order, inserts between them together.
final class KeylessWriter {
    private final Session session;
    private final Route route;
    private final String table;
    private final List<String> columns;
    private final int[] all;
    private final List<Tuple> inserts = new ArrayList<>();

    KeylessWriter(Session session, Route route, Layout layout) {
        this.session = session;
        this.route = route;
        this.table = route.standby().name().sql();
        this.columns = route.standbyColumns(layout);
        this.all = Route.positions(columns);
    }

    void add(Change.RowChange change) {
        switch (change) {
            case Change.Insert(Layout _, Tuple after) -> inserts.add(after);
            case Change.Update(Layout _, var before, Tuple after) -> {
                flush();
                Tuple old = before.orElseThrow(() -> unnamed("UPDATE"));
                one(
                        "UPDATE",
                        "UPDATE ONLY %s SET %s".formatted(table, set()),
                        after.over(old),
                        old);
            }
            case Change.Delete(Layout _, Tuple before) -> {
                flush();
                one("DELETE", "DELETE FROM ONLY " + table, null, before);
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

    private void one(
            String verb,
            String statement,
            @org.jspecify.annotations.Nullable Tuple set,
            Tuple old) {
        String sql =
                "%s WHERE ctid = (SELECT ctid FROM ONLY %s WHERE %s LIMIT 1)"
                        .formatted(statement, table, match(old));
        try (PreparedStatement prepared = session.prepare(sql)) {
            int at = 1;
            if (set != null) {
                at = bind(prepared, at, set);
            }
            bindMatch(prepared, at, old);
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

    private LockstepException unnamed(String verb) {
        return new LockstepException(
                Fault.CHANGE_REFUSED,
                ("%s of table \"%s\" came without the old row; set REPLICA IDENTITY FULL on "
                                + "it and start the run afresh")
                        .formatted(verb, route.active().name()));
    }

    private int bind(PreparedStatement prepared, int from, Tuple row) throws SQLException {
        int at = from;
        for (int i : all) {
            prepared.setString(at++, row.value(i));
        }
        return at;
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

    private void bindMatch(PreparedStatement prepared, int from, Tuple old) throws SQLException {
        int at = from;
        for (int i : all) {
            String value = old.value(i);
            if (value != null) {
                prepared.setString(at++, value);
            }
        }
    }
}
