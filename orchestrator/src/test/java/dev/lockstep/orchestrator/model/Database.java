package dev.lockstep.orchestrator.model;

import java.util.ArrayList;
import java.util.List;

/// One of the two databases: two keys, each without a row (0) or with one of two values.
///
/// @param refusing whether its committed triggers refuse application writes
/// @param wal all that was ever written, by applications and appliers; a position counts entries
record Database(int a, int b, boolean refusing, List<Write> wal) {
    /// A row's new value, 0 where it is deleted.
    record Write(boolean ofA, int value) {}

    Database {
        wal = List.copyOf(wal);
    }

    Database with(Write write) {
        List<Write> longer = new ArrayList<>(wal);
        longer.add(write);
        return new Database(
                write.ofA() ? write.value() : a, write.ofA() ? b : write.value(), refusing, longer);
    }

    Database refusing(boolean now) {
        return new Database(a, b, now, wal);
    }

    /// As `other` is, by a copy.
    Database copied(Database other) {
        Database copy = this;
        copy = other.a == copy.a ? copy : copy.with(new Write(true, other.a));
        return other.b == copy.b ? copy : copy.with(new Write(false, other.b));
    }

    /// What the first `position` writes came to.
    Database at(int position) {
        Database then = new Database(0, 0, refusing, List.of());
        for (Write write : wal.subList(0, position)) {
            then = then.with(write);
        }
        return then;
    }

    boolean holds(Database other) {
        return a == other.a && b == other.b;
    }

    int end() {
        return wal.size();
    }
}
