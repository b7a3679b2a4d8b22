package dev.lockstep.cdc.capture;

import static dev.lockstep.plans.catalog.Column.Generation.STORED;

import dev.lockstep.cdc.change.Layout;
import dev.lockstep.plans.catalog.Catalog;
import dev.lockstep.plans.catalog.Column;
import dev.lockstep.plans.catalog.Key;
import dev.lockstep.plans.catalog.ReplicaIdentity;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;

/// The tables that a stream was opened for, held against what the active has now. The server tells
/// the form of a table before its first change and again after each statement that alters it; that
/// is when somebody asks here.
final class CarriedTables {
    private static final String DROPPED =
            """
            SELECT attnum FROM pg_attribute
             WHERE attrelid = to_regclass(?) AND attnum > 0 AND attisdropped
               AND attgenerated = ''\
            """;

    private static final String OID = "SELECT c.oid FROM pg_class c WHERE c.oid = to_regclass(?)";

    private final Db active;
    private final Map<TableName, Table> known;

    CarriedTables(Db active, Collection<Table> known) {
        this.active = active;
        this.known = known.stream().collect(Collectors.toMap(Table::name, Function.identity()));
    }

    /// The present name of a table that was called `name` when it was changed; `name` itself where
    /// none of the stream's tables is meant.
    ///
    /// @param isMeant whether the server's decoding calls the table with this oid so
    TableName present(TableName name, IntPredicate isMeant) {
        if (known.containsKey(name)) {
            return name;
        }
        return active.call(session ->
                known.keySet().stream()
                        .filter(table ->
                                session
                                        .rows(OID, row -> (int) row.number("oid"), table.sql())
                                        .stream()
                                        .anyMatch(isMeant::test))
                        .findFirst()
                        .orElse(name));
    }

    /// How the changes of a table come that has these columns for the server's decoding. That may
    /// be an older state than the present one, never a newer one.
    Layout layout(TableName name, List<String> columns) {
        Optional<Table> now = active.call(session -> Catalog.readTable(session, name));
        Table before = known.get(name);
        if (before == null || now.isEmpty() || !now.get().isCarriedAs(before)) {
            throw new LockstepException(
                    Fault.SCHEMA_CHANGED,
                    "table \"%s\" of \"%s\" is not what it was when the stream was opened"
                            .formatted(name, active.label()));
        }
        List<Integer> numbers =
                ColumnNumbers.of(columns, present(now.get()))
                        .orElseThrow(() -> untold(now.get(), columns));
        List<Layout.Field> fields = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            fields.add(new Layout.Field(columns.get(i), numbers.get(i)));
        }
        return new Layout(name, fields, key(now.get(), fields));
    }

    private List<ColumnNumbers.Present> present(Table now) {
        List<ColumnNumbers.Present> all = new ArrayList<>();
        boolean computed = active.call(Publication::publishesComputed);
        now.columns().stream()
                .filter(c -> c.isWritten() || (computed && c.generation() == STORED))
                .forEach(c -> all.add(new ColumnNumbers.Present(c.number(), c.name(), false)));
        active.call(session ->
                        session.rows(DROPPED, row -> (int) row.number("attnum"), now.name().sql()))
                .forEach(number -> all.add(new ColumnNumbers.Present(number, "", true)));
        all.sort(Comparator.comparingInt(ColumnNumbers.Present::number));
        return all;
    }

    /// What names a row, as it was called then.
    private static List<String> key(Table now, List<Layout.Field> fields) {
        if (now.replicaIdentity() == ReplicaIdentity.FULL) {
            return List.of();
        }
        return now.changeKey().map(Key::columns).orElse(List.of()).stream()
                .map(name -> now.column(name).orElseThrow().number())
                .flatMap(number -> fields.stream().filter(f -> f.number() == number))
                .map(Layout.Field::name)
                .toList();
    }

    private static LockstepException untold(Table now, List<String> columns) {
        return new LockstepException(
                Fault.CHANGE_REFUSED,
                ("table \"%s\" was altered more than once while nobody read its changes: they have"
                                + " the columns %s, and which of the present %s these are cannot be"
                                + " told; abort the run and start it afresh")
                        .formatted(
                                now.name(),
                                columns,
                                now.writtenColumns().stream().map(Column::name).toList()));
    }
}
