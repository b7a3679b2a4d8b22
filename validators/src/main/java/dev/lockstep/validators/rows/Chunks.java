package dev.lockstep.validators.rows;

import dev.lockstep.plans.fault.Check;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.rows.PairedTable.Split;
import java.util.List;
import java.util.Optional;

/// Hands out the chunks of one table, to whichever worker asks.
///
/// Where they end is read off the active side's index, chunk by chunk, while other workers compare
/// the ones before.
final class Chunks {
    private static final int NAMED = 1_000;

    private final PairedTable table;
    private final int rows;
    private List<List<String>> named = List.of();
    private List<String> from = List.of();
    private Next next;

    private enum Next {
        WHOLE,
        RANGE,
        NAMED,
        UNKEYED,
        NOTHING
    }

    Chunks(PairedTable table, int rows) {
        this.table = table;
        this.rows = rows;
        this.next = table.split() == Split.NONE ? Next.WHOLE : Next.RANGE;
    }

    /// Of the rows with these keys, and no others.
    static Chunks named(PairedTable table, List<List<String>> keys) {
        Chunks chunks = new Chunks(table, NAMED);
        chunks.named = keys;
        chunks.next = keys.isEmpty() ? Next.NOTHING : Next.NAMED;
        return chunks;
    }

    /// Whether there is one left.
    synchronized boolean hasNext() {
        return next != Next.NOTHING;
    }

    /// The next chunk, found with the help of `active`; empty when all have been given out.
    synchronized Optional<Chunk> next(Session active) {
        return switch (next) {
            case WHOLE -> {
                next = Next.NOTHING;
                yield Optional.of(new Chunk.Whole());
            }
            case RANGE -> Optional.of(range(active));
            case NAMED -> Optional.of(someNamed());
            case UNKEYED -> {
                next = Next.NOTHING;
                yield Optional.of(new Chunk.Unkeyed());
            }
            case NOTHING -> Optional.empty();
        };
    }

    private Chunk someNamed() {
        List<List<String>> some = named.subList(0, Math.min(rows, named.size()));
        named = named.subList(some.size(), named.size());
        next = named.isEmpty() ? Next.NOTHING : Next.NAMED;
        return new Chunk.Named(some);
    }

    private Chunk range(Session active) {
        Chunk.useIndexes(active, true);
        TableSide.Query query = table.active().bound(new Chunk.Range(from, List.of()), rows);
        Optional<List<String>> until =
                active.row(query.sql(), row -> row.texts("key"), query.values());
        if (until.isPresent()) {
            Check.that(!until.get().equals(from), "no end to a chunk of %s", table.name());
            Chunk range = new Chunk.Range(from, until.get());
            from = until.get();
            return range;
        }
        if (from.isEmpty()) {
            next = Next.NOTHING;
            return new Chunk.Whole();
        }
        next = table.split() == Split.RANGES_AND_NULLS ? Next.UNKEYED : Next.NOTHING;
        return new Chunk.Range(from, List.of());
    }
}
