package dev.lockstep.validators.rows;

import dev.lockstep.plans.catalog.Mask;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.validators.Findings;
import dev.lockstep.validators.NamedRows;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.Sides;
import dev.lockstep.validators.TableTotals;
import dev.lockstep.validators.Validator;
import dev.lockstep.validators.Verdict;
import dev.lockstep.validators.Workers;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/// Compares every value of every row, by hashes that the databases compute, and names the rows that
/// differ.
public final class Checksums implements Validator {
    private static final int CHUNK_ROWS = 20_000;

    private final Progress progress;
    private final Shown shown;
    private final Optional<Prepared> prepared;
    private final Map<TableName, NamedRows> named;

    /// What is shown of the differences.
    ///
    /// @param most how many of them; one that repairs needs more than one who reads
    /// @param mask columns whose values are not shown
    public record Shown(int most, Mask mask) {
        /// What a person reads.
        public static final int USUAL = Findings.DETAILED_MAX;
    }

    public Checksums(Progress progress, Shown shown) {
        this(progress, shown, Optional.empty(), Map.of());
    }

    private Checksums(
            Progress progress,
            Shown shown,
            Optional<Prepared> prepared,
            Map<TableName, NamedRows> named) {
        this.progress = progress;
        this.shown = shown;
        this.prepared = prepared;
        this.named = Map.copyOf(named);
    }

    /// The same, but of these tables only these rows. A table that has no such key on the active is
    /// compared as a whole.
    public Checksums narrowedTo(Map<TableName, NamedRows> rows) {
        return new Checksums(progress, shown, prepared, rows);
    }

    /// The same, which finds its tables ready.
    public Checksums with(Prepared tables) {
        return new Checksums(progress, shown, Optional.of(tables), named);
    }

    @Override
    public Verdict validate(Sides sides) {
        Findings findings = new Findings(shown.most());
        SessionPair first = sides.pairs().getFirst();
        Prepared ready = prepared.orElseGet(() -> Prepared.of(List.of(), first, shown.mask()));
        List<Part> parts =
                ready.tables(sides.tables(), first).stream()
                        .sorted(Comparator.comparingLong(PairedTable::bytes).reversed())
                        .map(table -> new Part(table, chunks(table), new AtomicLong()))
                        .toList();
        Workers.run(sides, pair -> parts.forEach(part -> compare(part, pair, findings)));
        return findings.verdict(parts.size());
    }

    private Chunks chunks(PairedTable table) {
        NamedRows rows = named.get(table.name());
        if (rows == null || !Set.copyOf(rows.columns()).equals(Set.copyOf(table.key()))) {
            return new Chunks(table, CHUNK_ROWS);
        }
        List<Integer> places = table.key().stream().map(rows.columns()::indexOf).toList();
        return Chunks.named(
                table,
                rows.keys().stream().map(key -> places.stream().map(key::get).toList()).toList());
    }

    /// One table, what is left to compare of it, and how far that is.
    private record Part(PairedTable table, Chunks chunks, AtomicLong rowsDone) {
        TableName name() {
            return table.name();
        }
    }

    /// Takes chunks until the table has none left. All workers do this with all tables, so the last
    /// large one is not left to one of them.
    private void compare(Part part, SessionPair sessions, Findings findings) {
        while (part.chunks().hasNext()) {
            sessions.read(() ->
                    part.chunks()
                            .next(sessions.active())
                            .ifPresent(chunk -> compare(part, chunk, sessions, findings)));
        }
    }

    private void compare(Part part, Chunk chunk, SessionPair sessions, Findings findings) {
        PairedTable table = part.table();
        Digest.Both both = Digest.Both.of(sessions, table, chunk);
        Digest active = both.active();
        Digest standby = both.standby();
        if (!active.equals(standby)) {
            new Locator(table, sessions, chunk, findings)
                    .locate(Math.max(active.rows(), standby.rows()));
        }
        findings.addRows(new TableTotals(part.name(), active.sums(), standby.sums()));
        progress.compared(part.name(), part.rowsDone().addAndGet(active.rows()));
    }
}
