package dev.lockstep.cdc.change;

import dev.lockstep.plans.catalog.Key;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableName;
import java.util.List;

/// The table of a change, the columns that its tuples hold, in their order, and those of them by
/// which it names a row; where these are none, the whole row does.
public record Layout(TableName table, List<Field> fields, List<String> key) {
    /// A column as it was called when the change was made.
    ///
    /// @param number by which the active knows it under any name; 0 where it has it no more
    public record Field(String name, int number) {}

    public Layout {
        fields = List.copyOf(fields);
        key = List.copyOf(key);
    }

    /// The positions of what names a row of the table, which is `now` by now; -1 for a column that
    /// is not among the fields, and none where the whole row does.
    public int[] key(Table now) {
        return key.isEmpty()
                ? now.changeKey().map(Key::columns).orElse(List.of()).stream()
                        .mapToInt(name -> indexOf(now.column(name).orElseThrow().number()))
                        .toArray()
                : key.stream().mapToInt(this::indexOf).toArray();
    }

    /// The position of column `number`, or -1.
    public int indexOf(int number) {
        for (int i = 0; i < fields.size(); i++) {
            if (fields.get(i).number() == number) {
                return i;
            }
        }
        return -1;
    }

    /// The position of the column of this name, or -1.
    public int indexOf(String name) {
        for (int i = 0; i < fields.size(); i++) {
            if (fields.get(i).name().equals(name)) {
                return i;
            }
        }
        return -1;
    }
}
