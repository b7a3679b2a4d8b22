package dev.lockstep.cdc.backfill;

import dev.lockstep.plans.catalog.Column;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.fault.Check;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Ident;
import java.util.List;
import java.util.Optional;

/// The statements that carry one table's rows. Generated columns stay out: the standby computes
/// them itself.
record CopyStatements(CopyTable table, Optional<KeyOrder> order, boolean binary) {
    /// Where a chunk's rows go first when they cannot all go to the table; gone with the
    /// transaction.
    private static final String STAGE = "pg_temp.lockstep_chunk";

    /// Fits the statements to what the standby has.
    static CopyStatements of(CopyTable table, Optional<KeyOrder> order, Table standby) {
        boolean binary = true;
        for (Column column : table.active().writtenColumns()) {
            String name = table.standbyColumn(column.name());
            Column there =
                    standby.column(name)
                            .filter(Column::isWritten)
                            .orElseThrow(() -> missing(table, column.name(), name));
            binary &= there.type().equals(column.type()) && BinaryTypes.contains(column.type());
        }
        return new CopyStatements(table, order, binary);
    }

    /// Whether the whole table has to come from one snapshot at a known position.
    boolean isExact() {
        return table.active().changeKey().isEmpty();
    }

    String read(Chunk chunk) {
        String columns =
                Ident.list(table.active().writtenColumns().stream().map(Column::name).toList());
        return "COPY (SELECT %s FROM ONLY %s WHERE %s) TO STDOUT%s"
                .formatted(columns, table.name().sql(), condition(chunk), format());
    }

    String write() {
        return writeTo(table.standby().sql());
    }

    String createStage() {
        return "CREATE TEMPORARY TABLE %s ON COMMIT DROP AS SELECT %s FROM %s WITH NO DATA"
                .formatted(STAGE, standbyColumns(), table.standby().sql());
    }

    String writeToStage() {
        return writeTo(STAGE);
    }

    String mergeStage() {
        return "INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE"
                .concat(" SELECT %s FROM %s ON CONFLICT DO NOTHING")
                .formatted(table.standby().sql(), standbyColumns(), standbyColumns(), STAGE);
    }

    private String writeTo(String place) {
        String columns = standbyColumns();
        String list = columns.isEmpty() ? "" : " (" + columns + ")";
        return "COPY %s%s FROM STDIN%s".formatted(place, list, format());
    }

    private String format() {
        return binary ? " (FORMAT binary)" : "";
    }

    private String standbyColumns() {
        List<String> names =
                table.active().writtenColumns().stream()
                        .map(c -> table.standbyColumn(c.name()))
                        .toList();
        return Ident.list(names);
    }

    private String condition(Chunk chunk) {
        if (chunk.from().isEmpty() && chunk.until().isEmpty()) {
            return "true";
        }
        Check.that(order.isPresent(), "%s has bounds and the table has no key", chunk);
        return order.orElseThrow().within(chunk.from(), chunk.until());
    }

    private static LockstepException missing(CopyTable table, String column, String name) {
        return new LockstepException(
                Fault.PRECONDITION,
                "column \"%s\" of table \"%s\" is to go to column \"%s\" of table \"%s\", which the"
                                .formatted(column, table.name(), name, table.standby())
                        + " standby does not have or computes itself; add it, or map the column to"
                        + " another one");
    }
}
