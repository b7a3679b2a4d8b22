package dev.lockstep.cdc.model;

import dev.lockstep.cdc.model.Rows.Op;
import dev.lockstep.cdc.model.Rows.Op.Kind;
import java.util.ArrayList;
import java.util.List;

/// What an application may do next.
final class Writes {
    private static final int NEW = 4;

    private Writes() {}

    /// Transactions of one change, and some of two: both rows at once, a row that is made anew
    /// under its key, a key that is taken up again.
    static List<List<Op>> of(Rows rows) {
        List<List<Op>> all = new ArrayList<>();
        for (int key = 0; key < 2; key++) {
            int row = rows.get(key);
            boolean otherFree = rows.get(1 - key) == 0;
            if (row == 0) {
                all.add(List.of(new Op(Kind.INSERT, key, NEW, true)));
                continue;
            }
            Op delete = new Op(Kind.DELETE, key, 0, false);
            all.add(List.of(small(key, row)));
            all.add(List.of(new Op(Kind.UPDATE, key, 5 - row, true)));
            all.add(List.of(delete));
            all.add(List.of(delete, new Op(Kind.INSERT, key, NEW, true)));
            if (otherFree) {
                Op move = new Op(Kind.MOVE, key, row, false);
                all.add(List.of(move));
                all.add(List.of(move, new Op(Kind.INSERT, key, NEW, true)));
            }
        }
        if (rows.a() != 0 && rows.b() != 0) {
            all.add(List.of(small(0, rows.a()), small(1, rows.b())));
        }
        return all;
    }

    /// An update that does not send the large value.
    private static Op small(int key, int row) {
        return new Op(Kind.UPDATE, key, (row + 1) % 4 + 1, false);
    }
}
