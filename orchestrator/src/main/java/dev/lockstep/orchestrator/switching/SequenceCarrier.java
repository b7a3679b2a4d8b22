package dev.lockstep.orchestrator.switching;

import dev.lockstep.plans.catalog.Sequence;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Sets the standby's sequences beyond those of the active. `nextval` goes on while tables are
/// locked, so they are set some steps further than they were read, where there are so many left.
final class SequenceCarrier {
    private static final long MARGIN_STEPS = 100;

    private final Map<Sequence, TableName> sequences;

    /// @param sequences those of the active, with their names on the standby
    SequenceCarrier(Map<Sequence, TableName> sequences) {
        this.sequences = Map.copyOf(sequences);
    }

    private record Value(TableName standby, long last) {}

    void carry(Session active, Session standby) {
        if (sequences.isEmpty()) {
            return;
        }
        String values =
                read(active).stream()
                        .map(v ->
                                "(%s, %s::bigint)"
                                        .formatted(Ident.literal(v.standby().sql()), v.last()))
                        .collect(Collectors.joining(", "));
        standby.rows(
                "SELECT setval(name::regclass, last) FROM (VALUES %s) AS v (name, last)"
                        .formatted(values),
                row -> row.textAt(1));
    }

    private List<Value> read(Session active) {
        List<Sequence> order = List.copyOf(sequences.keySet());
        StringBuilder sql = new StringBuilder();
        for (int i = 0; i < order.size(); i++) {
            sql.append(i == 0 ? "" : " UNION ALL ")
                    .append("SELECT %s AS n, last_value FROM ".formatted(i))
                    .append(order.get(i).name().sql());
        }
        return active.rows(
                sql.toString(),
                row -> {
                    Sequence sequence = order.get(row.integer("n"));
                    return new Value(
                            java.util.Objects.requireNonNull(sequences.get(sequence)),
                            further(sequence, row.number("last_value")));
                });
    }

    /// `last` some steps further, but no more than half of those that the sequence has left.
    static long further(Sequence sequence, long last) {
        BigInteger at = BigInteger.valueOf(last);
        BigInteger increment = BigInteger.valueOf(sequence.increment());
        BigInteger end =
                BigInteger.valueOf(increment.signum() > 0 ? sequence.max() : sequence.min());
        BigInteger steps =
                end.subtract(at)
                        .divide(increment)
                        .divide(BigInteger.TWO)
                        .min(BigInteger.valueOf(MARGIN_STEPS));
        return at.add(increment.multiply(steps)).longValueExact();
    }
}
