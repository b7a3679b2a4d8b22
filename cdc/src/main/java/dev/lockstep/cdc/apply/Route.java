package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.change.Layout;
import dev.lockstep.plans.catalog.Column;
import dev.lockstep.plans.catalog.Key;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Lsn;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Where the changes of one table go.
///
/// @param columns the standby's names of columns that are called otherwise there
/// @param copiedAt changes that were committed up to here are in the copy already; ZERO where the
///   copy overlaps with the changes instead
public record Route(Table active, Table standby, Map<String, String> columns, Lsn copiedAt) {
    public Route {
        columns = Map.copyOf(columns);
    }

    /// The standby's name of an active column.
    String standbyColumn(String activeColumn) {
        return columns.getOrDefault(activeColumn, activeColumn);
    }

    /// The active columns that go to the standby, in table order: those that writers give and that
    /// the standby has. An active database with a newer schema has more.
    List<String> carried() {
        return active.writtenColumns().stream()
                .map(Column::name)
                .filter(name -> standby.column(standbyColumn(name)).isPresent())
                .toList();
    }

    /// The active columns that name a row; empty where the whole row does.
    Optional<List<String>> key() {
        return active.changeKey().map(Key::columns);
    }

    /// The standby's names of the fields of `layout`, in their order; empty for one that does not
    /// go there: the standby does not have it, computes it, or the active has it no more.
    List<String> standbyColumns(Layout layout) {
        Map<Integer, Column> known =
                active.writtenColumns().stream().collect(Collectors.toMap(Column::number, c -> c));
        return layout.fields().stream()
                .map(field -> Optional.ofNullable(known.get(field.number())))
                .map(column -> column.map(c -> standbyColumn(c.name())).orElse(""))
                .map(name -> standby.column(name).isPresent() ? name : "")
                .toList();
    }

    /// The columns that writers give on the standby and no change carries: those of a standby with
    /// a newer schema.
    List<String> standbysOwn(List<String> standbyColumns) {
        return standby.writtenColumns().stream()
                .map(Column::name)
                .filter(name -> !standbyColumns.contains(name))
                .toList();
    }

    /// The positions of those of `standbyColumns` that go to the standby.
    static int[] positions(List<String> standbyColumns) {
        return IntStream.range(0, standbyColumns.size())
                .filter(i -> !standbyColumns.get(i).isEmpty())
                .toArray();
    }

    /// The positions in `layout` of what names a row; empty where the whole row does.
    int[] keyIn(Layout layout) {
        int[] positions = layout.key(active);
        List<String> names = standbyColumns(layout);
        if (Arrays.stream(positions).anyMatch(i -> i < 0 || names.get(i).isEmpty())) {
            throw new LockstepException(
                    Fault.CHANGE_REFUSED,
                    ("changes of table \"%s\" name rows by columns that the standby's \"%s\" does"
                                    + " not have; abort the run and start it afresh")
                            .formatted(layout.table(), standby.name()));
        }
        return positions;
    }
}
