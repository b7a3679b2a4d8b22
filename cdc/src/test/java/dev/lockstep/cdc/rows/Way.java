package dev.lockstep.cdc.rows;

import java.util.ArrayList;
import java.util.List;

/// How changes come to the target, and between which servers.
enum Way {
    ONE_BY_ONE(14, 18),
    TOGETHER(18, 14),
    BESIDE_A_COPY(18, 18);

    private final int from;
    private final int to;

    Way(int from, int to) {
        this.from = from;
        this.to = to;
    }

    /// The older one of the two servers.
    int major() {
        return Math.min(from, to);
    }

    /// Brings `rows` and then `changes` to the target.
    void carry(String tables, List<String> rows, List<String> changes) throws Exception {
        List<String> all = new ArrayList<>(rows);
        all.addAll(changes);
        try (Carried carried = new Carried(from, to, tables)) {
            switch (this) {
                case ONE_BY_ONE -> carried.oneByOne(all);
                case TOGETHER -> carried.together(all);
                case BESIDE_A_COPY -> carried.besideCopy(rows, changes);
            }
        }
    }
}
