package dev.lockstep.orchestrator.demo;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// What can be shown when the writers have stopped and the standby has everything: that the two
/// databases hold the same, and that the active one holds what was acknowledged.
public final class Proof {
    private static final String BALANCES = "SELECT coalesce(sum(balance), 0)::text FROM accounts";
    private static final String UNEXPLAINED =
            """
            SELECT count(*)
              FROM accounts FULL JOIN (
                    SELECT id, sum(amount) AS moved
                      FROM (SELECT credit AS id, amount FROM ledger WHERE credit IS NOT NULL
                            UNION ALL
                            SELECT debit, -amount FROM ledger WHERE debit IS NOT NULL) AS moves
                     GROUP BY id) AS explained USING (id)
             WHERE balance IS DISTINCT FROM moved\
            """;
    private static final String BEHIND =
            """
            SELECT count(*)
              FROM (SELECT max(id) AS top, 'customers_id_seq'::regclass AS sequence FROM customers
                    UNION ALL SELECT max(id), 'orders_id_seq' FROM orders
                    UNION ALL SELECT max(invoice), 'invoice_numbers' FROM orders
                    UNION ALL SELECT max(id), 'payments_id_seq' FROM payments
                    UNION ALL SELECT max(id), 'ledger_id_seq' FROM ledger
                    UNION ALL SELECT max(id), 'events_id_seq' FROM events) AS tops
             WHERE top > coalesce(pg_sequence_last_value(sequence), 0)\
            """;
    private static final String WRITES =
            """
            SELECT writer, number, count(*) AS times FROM ledger
             WHERE writer > 0 GROUP BY writer, number\
            """;

    private Proof() {}

    /// One thing that was looked at.
    public record Check(String name, String found, String expected, boolean passed) {
        /// Passes if the numbers are the same.
        public static Check equal(String name, long found, long expected) {
            return new Check(name, number(found), number(expected), found == expected);
        }

        /// Passes if `found` is no less than `least`.
        public static Check atLeast(String name, long found, long least) {
            return new Check(name, number(found), "at least " + number(least), found >= least);
        }

        /// Passes if `found` is no more than `most`.
        public static Check atMost(String name, long found, long most, String unit) {
            return new Check(
                    name, number(found) + unit, "at most " + number(most) + unit, found <= most);
        }

        private static String number(long value) {
            return String.format(Locale.ROOT, "%,d", value);
        }
    }

    /// Looks at everything. The two databases are read at the same time.
    public static List<Check> of(Db active, Db standby, ShopSize size, WriteRecord writes) {
        List<Check> checks = new ArrayList<>(rows(active, standby));
        try (Session session = active.session("proof")) {
            session.run("SET search_path = public");
            session.beginSnapshot(false);
            checks.addAll(money(session, size));
            checks.addAll(acknowledged(session, writes));
            checks.add(Check.equal("sequences behind their columns", session.number(BEHIND), 0));
        }
        checks.add(Check.equal("failed writes", writes.totals().failed(), 0));
        return checks;
    }

    private static List<Check> rows(Db active, Db standby) {
        Map<String, TableSum> here = new TreeMap<>();
        Map<String, TableSum> there = new TreeMap<>();
        try (var readers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<List<TableSum>> second = readers.submit(() -> TableSum.all(standby));
            TableSum.all(active).forEach(sum -> here.put(sum.table(), sum));
            second.get().forEach(sum -> there.put(sum.table(), sum));
        } catch (ExecutionException e) {
            throw e.getCause() instanceof LockstepException fault ? fault : unreadable(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unreadable(e);
        }
        List<Check> checks = new ArrayList<>();
        checks.add(tables(here.keySet(), there.keySet()));
        long different = 0;
        for (TableSum sum : here.values()) {
            TableSum other = there.getOrDefault(sum.table(), TableSum.missing(sum.table()));
            long rows = sum.equals(other) ? 0 : sum.differences(active, standby, other);
            checks.add(table(sum, other, rows));
            different += rows;
        }
        checks.add(Check.equal("rows compared", total(there), total(here)));
        checks.add(Check.equal("rows different", different, 0));
        return checks;
    }

    private static Check tables(Set<String> here, Set<String> there) {
        return here.equals(there)
                ? Check.equal("tables", there.size(), here.size())
                : new Check("tables", String.join(", ", there), String.join(", ", here), false);
    }

    private static Check table(TableSum sum, TableSum other, long different) {
        String format = "%,d rows, %,d different";
        return new Check(
                "table " + sum.table(),
                String.format(Locale.ROOT, format, other.rows(), different),
                String.format(Locale.ROOT, format, sum.rows(), 0),
                sum.equals(other));
    }

    private static long total(Map<String, TableSum> sums) {
        return sums.values().stream().mapToLong(TableSum::rows).sum();
    }

    private static List<Check> money(Session session, ShopSize size) {
        BigDecimal found = new BigDecimal(session.one(BALANCES));
        BigDecimal expected = BigDecimal.valueOf(size.balances());
        return List.of(
                new Check(
                        "sum of all balances",
                        String.format(Locale.ROOT, "%,.2f", found),
                        String.format(Locale.ROOT, "%,.2f", expected),
                        found.compareTo(expected) == 0),
                Check.equal(
                        "balances the ledger does not explain", session.number(UNEXPLAINED), 0));
    }

    private static List<Check> acknowledged(Session session, WriteRecord writes) {
        Map<Long, BitSet> found = new TreeMap<>();
        List<Long> times =
                session.rows(
                        WRITES,
                        row -> {
                            long writer = row.number("writer");
                            found.computeIfAbsent(writer, _ -> new BitSet())
                                    .set(row.integer("number"));
                            return row.number("times");
                        });
        long lost = 0;
        long unasked = 0;
        for (int writer = 1; writer <= writes.writers(); writer++) {
            BitSet there = found.getOrDefault((long) writer, new BitSet());
            BitSet missing = writes.acknowledgedOf(writer);
            missing.andNot(there);
            lost += missing.cardinality();
            BitSet more = (BitSet) there.clone();
            more.andNot(writes.acknowledgedOf(writer));
            more.andNot(writes.unknownOf(writer));
            unasked += more.cardinality();
        }
        return List.of(
                Check.equal("acknowledged writes lost", lost, 0),
                Check.equal("writes there twice", times.stream().filter(n -> n > 1).count(), 0),
                Check.equal("writes there though refused", unasked, 0));
    }

    private static LockstepException unreadable(Exception e) {
        return new LockstepException(Fault.INTERNAL, "the proof could not read the databases", e);
    }
}
