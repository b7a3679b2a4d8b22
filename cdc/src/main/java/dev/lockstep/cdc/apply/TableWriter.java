package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.cdc.session.CopyText;
import dev.lockstep.cdc.session.KeyOperators;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The statements that write one table with a key.
///
/// A few rows go as a batch of prepared statements, many through a temporary table of the target's
/// own types.
final class TableWriter implements KeyedTable.Writer {
    private static final int STAGE_MIN = 40;
    private static final int STAGED_MAX = 20_000;

    private final Session session;
    private final Route route;
    private final String table;
    private final String stage;
    private final KeyOperators operators;
    private final List<String> columns;
    private final boolean wholeBefore;
    private final int[] all;
    private final int[] key;
    private final int[] rest;
    private final boolean restHasIdentity;
    private final boolean keyHasIdentity;
    private final List<String> others;
    private int staged;

    /// @param layout how tuples of this table come
    TableWriter(Session session, Route route, Layout layout, int number) {
        this.session = session;
        this.route = route;
        this.table = route.standby().name().sql();
        this.stage = "pg_temp.lockstep_stage_" + number;
        this.operators = new KeyOperators(session, route.standby().name());
        this.columns = route.standbyColumns(layout);
        this.all = Route.positions(columns);
        this.key = route.keyIn(layout);
        this.wholeBefore = layout.key().isEmpty();
        this.rest =
                Arrays.stream(all).filter(i -> Arrays.stream(key).noneMatch(k -> k == i)).toArray();
        this.restHasIdentity = Arrays.stream(rest).anyMatch(this::isIdentity);
        this.keyHasIdentity = Arrays.stream(key).anyMatch(this::isIdentity);
        this.others = route.standbysOwn(columns);
    }

    /// Takes all of them from the old tuple where it is the whole row, else those of the key.
    @Override
    public Change.Update completed(Change.Update update) {
        if (update.before().isEmpty() || update.after().isFull()) {
            return update;
        }
        Tuple before = update.before().get();
        Tuple after = wholeBefore ? update.after().over(before) : update.after().over(before, key);
        return new Change.Update(update.layout(), update.before(), after);
    }

    @Override
    public int[] key() {
        return key;
    }

    @Override
    public TableName standby() {
        return route.standby().name();
    }

    private boolean isIdentity(int i) {
        return route.standby().column(columns.get(i)).orElseThrow().identity();
    }

    @Override
    public long insert(List<Tuple> rows) {
        if (rows.size() >= STAGE_MIN) {
            stage(rows, all);
            String list = names(all);
            return session.update(
                    "INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s"
                            .formatted(table, list, list, stage));
        }
        String sql =
                "INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES (%s)"
                        .formatted(table, names(all), "?, ".repeat(all.length - 1) + "?");
        return batch(sql, rows, all);
    }

    @Override
    public long update(List<Tuple> rows) {
        if (rest.length == 0) {
            return rows.size();
        }
        if (restHasIdentity && !others.isEmpty()) {
            return batch(copySql(all), rows, concat(key, all));
        }
        if (restHasIdentity) {
            long removed = delete(rows);
            return Math.min(removed, insert(rows));
        }
        if (rows.size() >= STAGE_MIN) {
            stage(rows, all);
            String set = join(rest, ", ", c -> "%s = s.%s".formatted(c, c));
            return session.update(
                    "UPDATE ONLY %s AS t SET %s FROM %s AS s WHERE %s"
                            .formatted(table, set, stage, stageMatch()));
        }
        return batch(updateSql(rest), rows, concat(rest, key));
    }

    @Override
    public long patch(Tuple row) {
        int[] sent = Arrays.stream(rest).filter(i -> !row.isUnchanged(i)).toArray();
        if (sent.length == 0) {
            String sql = "SELECT 1 FROM ONLY %s WHERE %s".formatted(table, keyMatch());
            return batch(sql, List.of(row), key);
        }
        return restHasIdentity
                ? batch(copySql(concat(key, sent)), List.of(row), concat(key, concat(key, sent)))
                : batch(updateSql(sent), List.of(row), concat(sent, key));
    }

    @Override
    public long delete(List<Tuple> rows) {
        if (rows.size() >= STAGE_MIN) {
            stage(rows, key);
            return session.update(
                    "DELETE FROM ONLY %s AS t USING %s AS s WHERE %s"
                            .formatted(table, stage, stageMatch()));
        }
        return batch("DELETE FROM ONLY %s WHERE %s".formatted(table, keyMatch()), rows, key);
    }

    @Override
    public long move(Tuple before, Tuple after) {
        int[] sent = Arrays.stream(all).filter(i -> !after.isUnchanged(i)).toArray();
        // The copying form names the old key first, the updating one last.
        boolean keyFirst = keyHasIdentity || restHasIdentity;
        String sql = keyFirst ? copySql(sent) : updateSql(sent);
        try (PreparedStatement statement = session.prepare(sql)) {
            int at = keyFirst ? bind(statement, 1, before, key) : 1;
            at = bind(statement, at, after, sent);
            if (!keyFirst) {
                bind(statement, at, before, key);
            }
            return statement.executeUpdate();
        } catch (SQLException e) {
            throw session.fault(sql, e);
        }
    }

    /// An identity column cannot be updated, but a row can be put back with another value.
    private String copySql(int[] sent) {
        int[] unsent =
                Arrays.stream(all)
                        .filter(i -> Arrays.stream(sent).noneMatch(s -> s == i))
                        .toArray();
        List<String> kept = new ArrayList<>();
        Arrays.stream(unsent).mapToObj(columns::get).forEach(kept::add);
        kept.addAll(others);
        String names = join(sent, ", ", c -> c) + list(kept, "");
        return ("WITH old AS (DELETE FROM ONLY %s WHERE %s RETURNING *) INSERT INTO %s (%s) "
                        + "OVERRIDING SYSTEM VALUE SELECT %s%s FROM old")
                .formatted(
                        table,
                        keyMatch(),
                        table,
                        names,
                        join(sent, ", ", _ -> "?"),
                        list(kept, "old."));
    }

    private static String list(List<String> names, String owner) {
        return names.stream()
                .map(name -> ", " + owner + new Ident(name))
                .collect(Collectors.joining());
    }

    private String updateSql(int[] set) {
        return "UPDATE ONLY %s SET %s WHERE %s"
                .formatted(table, join(set, ", ", c -> c + " = ?"), keyMatch());
    }

    private String keyMatch() {
        return keyMatch("%s", "?");
    }

    private String stageMatch() {
        return keyMatch("t.%s", "s.%s");
    }

    private String keyMatch(String left, String right) {
        return Arrays.stream(key)
                .mapToObj(columns::get)
                .map(c -> {
                    String name = new Ident(c).toString();
                    return operators.equal(c, left.replace("%s", name), right.replace("%s", name));
                })
                .collect(Collectors.joining(" AND "));
    }

    /// Within a transaction, rows that were deleted are still read over by every statement; a large
    /// one would come to spend its time on that. To have none left costs more than to delete a few.
    private void stage(List<Tuple> rows, int[] sent) {
        boolean full = staged > STAGED_MAX;
        session.run(
                """
                CREATE TEMPORARY TABLE IF NOT EXISTS %s ON COMMIT DELETE ROWS
                    AS SELECT %s FROM %s WITH NO DATA;
                %s %s\
                """
                        .formatted(
                                stage,
                                names(all),
                                table,
                                full ? "TRUNCATE" : "DELETE FROM",
                                stage));
        staged = full ? rows.size() : staged + rows.size();
        CopyText.send(session, "COPY %s (%s) FROM STDIN".formatted(stage, names(sent)), rows, sent);
    }

    private long batch(String sql, List<Tuple> rows, int[] sent) {
        try (PreparedStatement statement = session.prepare(sql)) {
            if (rows.size() == 1) {
                bind(statement, 1, rows.getFirst(), sent);
                if (statement.execute()) {
                    return statement.getResultSet().next() ? 1 : 0;
                }
                return statement.getUpdateCount();
            }
            for (Tuple row : rows) {
                bind(statement, 1, row, sent);
                statement.addBatch();
            }
            return Arrays.stream(statement.executeBatch()).asLongStream().sum();
        } catch (SQLException e) {
            throw session.fault(sql, e);
        }
    }

    private static int bind(PreparedStatement statement, int from, Tuple row, int[] sent)
            throws SQLException {
        int at = from;
        for (int i : sent) {
            statement.setString(at++, row.value(i));
        }
        return at;
    }

    private String names(int[] indexes) {
        return join(indexes, ", ", c -> c);
    }

    private String join(
            int[] indexes, String between, java.util.function.UnaryOperator<String> form) {
        List<String> parts = new ArrayList<>();
        for (int i : indexes) {
            parts.add(form.apply(new Ident(columns.get(i)).toString()));
        }
        return String.join(between, parts);
    }

    private static int[] concat(int[] a, int[] b) {
        return IntStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
    }
}
