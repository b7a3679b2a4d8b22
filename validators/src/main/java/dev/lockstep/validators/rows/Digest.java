package dev.lockstep.validators.rows;

import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.TableTotals;
import dev.lockstep.validators.Workers;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What is compared of a set of rows before looking at any of them. Sums, not XOR: twice the same
/// row must not cancel itself out.
record Digest(long rows, BigDecimal sum, BigDecimal mixed) {
    static final Digest EMPTY = new Digest(0, BigDecimal.ZERO, BigDecimal.ZERO);

    /// The same, for whoever adds them up.
    TableTotals.Sums sums() {
        return new TableTotals.Sums(rows, sum, mixed);
    }

    /// The digests of one chunk on both sides, of which each server makes its own at the same time.
    record Both(Digest active, Digest standby) {
        static Both of(SessionPair sessions, PairedTable table, Chunk chunk) {
            List<Digest> both =
                    Workers.all(
                            List.of(
                                    () -> Digest.of(sessions.active(), table.active(), chunk),
                                    () -> Digest.of(sessions.standby(), table.standby(), chunk)));
            return new Both(both.getFirst(), both.getLast());
        }
    }

    /// The digest of a chunk.
    static Digest of(Session session, TableSide side, Chunk chunk) {
        return read(session, side.digest(chunk, false), chunk).getOrDefault(0, EMPTY);
    }

    /// The digests of a chunk's buckets, without the empty ones.
    static Map<Integer, Digest> byBucket(Session session, TableSide side, Chunk chunk) {
        return read(session, side.digest(chunk, true), chunk);
    }

    private static Map<Integer, Digest> read(Session session, TableSide.Query query, Chunk chunk) {
        chunk.plan(session);
        Map<Integer, Digest> digests = new TreeMap<>();
        session.rows(
                query.sql(),
                row ->
                        digests.put(
                                        row.integer("bucket"),
                                        new Digest(
                                                row.number("rows"),
                                                new BigDecimal(row.text("sum")),
                                                new BigDecimal(row.text("mixed"))))
                                == null,
                query.values());
        return digests;
    }
}
