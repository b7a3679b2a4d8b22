package dev.lockstep.cdc.change;

import dev.lockstep.plans.catalog.TableName;
import java.util.List;

/// The table of a change and the columns that its tuples hold, in their order.
public record Layout(TableName table, List<String> columns) {
    public Layout {
        columns = List.copyOf(columns);
    }
}
