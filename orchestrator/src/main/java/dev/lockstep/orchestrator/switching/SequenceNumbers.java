package dev.lockstep.orchestrator.switching;

import dev.lockstep.plans.sql.Row;
import java.math.BigInteger;
import java.sql.SQLException;

/// How a sequence counts.
///
/// @param cache how many values a session takes at a time
record SequenceNumbers(long increment, long min, long max, long cache, boolean cycles) {
    /// How many times sessions may ask for values while a switch goes on.
    private static final long CALLS = 100;

    /// Of those that are left, how many a large cache may take at each switch.
    private static final long SHARE = 16;

    static SequenceNumbers of(Row row) throws SQLException {
        return new SequenceNumbers(
                row.number("seqincrement"),
                row.number("seqmin"),
                row.number("seqmax"),
                row.number("seqcache"),
                row.flag("seqcycle"));
    }

    boolean covers(long value) {
        return min <= value && value <= max;
    }

    /// `at` some steps further, but no more than half of those that are left; where the sequence
    /// cycles, there are always all others.
    long further(long at) {
        BigInteger by = BigInteger.valueOf(increment);
        BigInteger first = BigInteger.valueOf(increment > 0 ? min : max);
        BigInteger last = BigInteger.valueOf(increment > 0 ? max : min);
        BigInteger ahead = last.subtract(BigInteger.valueOf(at)).divide(by);
        BigInteger steps = steps(cycles ? last.subtract(first).divide(by) : ahead);
        BigInteger goal =
                steps.compareTo(ahead) <= 0
                        ? BigInteger.valueOf(at).add(by.multiply(steps))
                        : first.add(by.multiply(steps.subtract(ahead).subtract(BigInteger.ONE)));
        return goal.longValueExact();
    }

    private BigInteger steps(BigInteger left) {
        BigInteger calls = BigInteger.valueOf(CALLS);
        return calls.multiply(BigInteger.valueOf(cache))
                .min(left.divide(BigInteger.valueOf(SHARE)))
                .max(calls)
                .min(left.divide(BigInteger.TWO));
    }
}
