package dev.lockstep.cdc.apply;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Session;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Rows that replay cannot complete while it overlaps with the copy, by the standby's table and
/// key. They stay out of the standby until they are copied again at a cut.
final class UnfinishedRows implements KeyedTable.Unfinished {
    private static final String LOAD =
            "SELECT schema_name, table_name, key FROM lockstep.unfinished_row WHERE run = ?";
    private static final String ADD =
            """
            INSERT INTO lockstep.unfinished_row (run, schema_name, table_name, key)
            VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING\
            """;

    private final Session session;
    private final String run;
    private final Map<TableName, Set<List<@Nullable String>>> rows = new HashMap<>();
    private final List<Added> added = new ArrayList<>();

    private record Added(TableName table, List<@Nullable String> key) {}

    UnfinishedRows(Session session, String run) {
        this.session = session;
        this.run = run;
        reload();
    }

    /// What was added so far will not be forgotten any more.
    void settle() {
        added.clear();
    }

    /// How many rows were added since [#settle].
    int added() {
        return added.size();
    }

    /// Forgets all rows that were added but the first `kept`.
    void forget(int kept) {
        List<Added> last = added.subList(kept, added.size());
        last.forEach(row -> of(row.table()).remove(row.key()));
        last.clear();
    }

    /// Reads again what the database has.
    void reload() {
        record Found(TableName table, List<String> key) {}
        rows.clear();
        session.rows(
                        LOAD,
                        row ->
                                new Found(
                                        new TableName(
                                                row.text("schema_name"), row.text("table_name")),
                                        row.texts("key")),
                        run)
                .forEach(f -> of(f.table()).add(List.copyOf(f.key())));
    }

    @Override
    public boolean has(TableName table, List<@Nullable String> key) {
        return !rows.isEmpty() && of(table).contains(key);
    }

    @Override
    public void add(TableName table, List<@Nullable String> key) {
        if (of(table).add(key)) {
            added.add(new Added(table, key));
            session.update(ADD, run, table.schema(), table.name(), key.toArray(String[]::new));
        }
    }

    /// The tables that have such rows, with their keys.
    Map<TableName, Set<List<@Nullable String>>> all() {
        return rows;
    }

    private Set<List<@Nullable String>> of(TableName table) {
        return rows.computeIfAbsent(table, _ -> new HashSet<>());
    }
}
