package dev.lockstep.plans.sql;

import dev.lockstep.plans.fault.Check;

/// A place in a server's write-ahead log, as a byte offset. Ordered as unsigned 64-bit numbers.
public record Lsn(long value) implements Comparable<Lsn> {
    /// Before everything.
    public static final Lsn ZERO = new Lsn(0);

    /// Reads PostgreSQL's notation, `16/B374D848`.
    public static Lsn parse(String text) {
        int slash = text.indexOf('/');
        Check.that(slash > 0, "not an LSN: %s", text);
        long high = Long.parseLong(text.substring(0, slash), 16);
        long low = Long.parseLong(text.substring(slash + 1), 16);
        return new Lsn((high << 32) | low);
    }

    public boolean isAfter(Lsn other) {
        return compareTo(other) > 0;
    }

    /// The later of the two.
    public Lsn max(Lsn other) {
        return other.isAfter(this) ? other : this;
    }

    @Override
    public int compareTo(Lsn other) {
        return Long.compareUnsigned(value, other.value);
    }

    @Override
    public String toString() {
        return "%X/%X".formatted(value >>> 32, value & 0xFFFF_FFFFL);
    }
}
