package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.apply.Positions.Position;
import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Change.Begin;
import dev.lockstep.cdc.change.Change.Commit;
import dev.lockstep.cdc.change.Change.Marker;
import dev.lockstep.cdc.change.Change.RowChange;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.cdc.log.ChangeLog;
import dev.lockstep.cdc.log.LogReader;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads a stream's log and writes its transactions to the standby, many to one transaction there,
/// in commit order, each whole.
///
/// What the log holds twice is told by commit LSN and dropped; what it holds half ends at the next
/// begin or writer and is dropped too. A transaction that outgrows memory is written as it comes,
/// in one transaction that only its commit ends.
public final class Applier implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(20);
    private static final int BATCH_CHANGES = 20_000;
    private static final long BATCH_CHARS = 16L * 1024 * 1024;
    private static final long TRIM_NANOS = Duration.ofSeconds(5).toNanos();

    private final Settings settings;
    private final Session session;
    private final BatchWriter writer;
    private final Positions positions;
    private final Deque<Transaction> complete = new ArrayDeque<>();
    private @Nullable Transaction current;
    private @Nullable Commit streaming;
    private long beginsAt = -1;
    private int begins;
    private int completeChanges;
    private long completeChars;
    private volatile Position applied;
    private volatile long trimmable;
    private long trimmedAtNanos = System.nanoTime();
    private long trimmed;
    private volatile boolean closed;

    /// What an applier works on.
    ///
    /// @param onMarker told each marker once everything before it is committed on the standby
    public record Settings(
            Db standby,
            Positions positions,
            String run,
            Collection<Route> routes,
            ChangeLog log,
            ApplyGate gate,
            Consumer<String> onMarker) {}

    /// A transaction as far as it was read. It is found again in the log as the `begin`th begin
    /// from record `offset` on; `begin` is 0 where the log was trimmed behind it, since the standby
    /// has it.
    private static final class Transaction {
        final long offset;
        final int begin;
        final List<Change> changes = new ArrayList<>();
        final List<String> markers = new ArrayList<>();
        long chars;
        boolean skipped;
        @Nullable Commit commit;

        Transaction(long offset, int begin) {
            this.offset = offset;
            this.begin = begin;
            this.skipped = begin == 0;
        }

        Commit committed() {
            return java.util.Objects.requireNonNull(commit);
        }
    }

    /// Connects and takes the stream over; nothing is written before [#run].
    public Applier(Settings settings) {
        this.settings = settings;
        this.positions = settings.positions();
        this.applied = positions.claim(settings.standby());
        this.session = settings.standby().session("apply");
        ReplicaRole.enter(session);
        this.writer =
                new BatchWriter(
                        session,
                        settings.routes(),
                        new UnfinishedRows(session, settings.run()),
                        applied.strict());
    }

    /// What the standby has durably taken.
    public Position applied() {
        return applied;
    }

    /// Works until closed or interrupted.
    public void run() throws InterruptedException {
        try (LogReader reader = settings.log().reader()) {
            while (!closed) {
                reader.poll(
                        POLL,
                        new LogReader.Sink() {
                            @Override
                            public void onEpoch() {
                                dropUnfinished();
                            }

                            @Override
                            public void onChange(long offset, Change change) {
                                take(offset, change);
                            }
                        });
                writeComplete();
                trimNowAndThen();
            }
        } catch (Stopped e) {
            throw new InterruptedException("applier closed");
        } finally {
            session.close();
        }
    }

    /// Carries an interrupt out of a callback.
    private static final class Stopped extends RuntimeException {}

    private void take(long offset, Change change) {
        try {
            switch (change) {
                case Begin _ -> {
                    dropUnfinished();
                    begins = offset == beginsAt ? begins + 1 : 1;
                    beginsAt = offset;
                    current = new Transaction(offset, begins);
                }
                case Commit commit -> finish(commit);
                case Marker(String text) -> currentAt(offset).markers.add(text);
                case RowChange row -> add(offset, row, charsOf(row));
                case Change.Truncate truncate -> add(offset, truncate, 0);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Stopped();
        }
    }

    private Transaction currentAt(long offset) {
        if (current == null) {
            // The trimmed log starts inside a transaction that is in already; its commit drops
            // this.
            current = new Transaction(offset, 0);
        }
        return current;
    }

    private void add(long offset, Change change, long chars) throws InterruptedException {
        Transaction transaction = currentAt(offset);
        if (transaction.skipped) {
            return;
        }
        transaction.changes.add(change);
        transaction.chars += chars;
        if (transaction.changes.size() >= BATCH_CHANGES || transaction.chars >= BATCH_CHARS) {
            stream(transaction);
        }
    }

    private static long charsOf(RowChange change) {
        Tuple tuple =
                switch (change) {
                    case Change.Insert insert -> insert.after();
                    case Change.Update update -> update.after();
                    case Change.Delete delete -> delete.before();
                };
        long chars = 0;
        for (int i = 0; i < tuple.size(); i++) {
            String value = tuple.isUnchanged(i) ? null : tuple.value(i);
            chars += value == null ? 8 : value.length() + 32;
        }
        return chars;
    }

    private void dropUnfinished() {
        current = null;
    }

    /// Writes what is here of a transaction too large to be held. How it ends is read ahead from
    /// the log: a second copy or a torn one is not even begun.
    private void stream(Transaction transaction) throws InterruptedException {
        if (streaming == null) {
            writeComplete();
            Optional<Commit> commit = readAhead(transaction);
            if (commit.isEmpty() || !commit.get().end().isAfter(applied.lsn())) {
                transaction.skipped = true;
                transaction.changes.clear();
                return;
            }
            settings.gate().enter(commit.get().end());
            streaming = commit.get();
            session.begin();
            positions.fence(session);
        }
        Lsn end = streaming.end();
        write(transaction.changes.stream().filter(c -> writer.wants(c, end)).toList());
        transaction.changes.clear();
        transaction.chars = 0;
    }

    private Optional<Commit> readAhead(Transaction transaction) {
        try (LogReader ahead = settings.log().readerAt(transaction.offset)) {
            return ahead.awaitCommit(transaction.begin, () -> closed);
        }
    }

    private void write(List<Change> changes) {
        if (applied.strict() != writer.isStrict()) {
            writer.becomeStrict();
        }
        if (!changes.isEmpty()) {
            writer.write(changes);
        }
    }

    private void finish(Commit commit) throws InterruptedException {
        Transaction transaction = current;
        current = null;
        if (transaction == null
                || transaction.skipped
                || !commit.end().isAfter(applied.lsn())
                || isQueued(commit)) {
            return;
        }
        transaction.commit = commit;
        if (streaming != null) {
            commitStreamed(transaction, commit);
            return;
        }
        complete.add(transaction);
        completeChanges += transaction.changes.size();
        completeChars += transaction.chars;
        if (completeChanges >= BATCH_CHANGES || completeChars >= BATCH_CHARS) {
            writeComplete();
        }
    }

    private boolean isQueued(Commit commit) {
        Transaction last = complete.peekLast();
        return last != null && !commit.end().isAfter(last.committed().end());
    }

    private void commitStreamed(Transaction transaction, Commit commit) {
        write(transaction.changes.stream().filter(c -> writer.wants(c, commit.end())).toList());
        positions.advance(session, commit.end(), commit.changes());
        session.commit();
        streaming = null;
        applied = new Position(commit.end(), commit.changes(), applied.strict());
        settings.gate().leave();
        transaction.markers.forEach(settings.onMarker());
    }

    private void writeComplete() throws InterruptedException {
        while (!complete.isEmpty()) {
            settings.gate().enter(complete.getFirst().committed().end());
            try {
                writeAdmitted();
            } finally {
                settings.gate().leave();
            }
        }
        completeChanges = 0;
        completeChars = 0;
        Transaction open = current;
        if (open != null && streaming == null) {
            trimmable = open.offset;
        }
    }

    private void writeAdmitted() {
        List<Transaction> batch = new ArrayList<>();
        List<Change> changes = new ArrayList<>();
        while (!complete.isEmpty()
                && settings.gate().admits(complete.getFirst().committed().end())) {
            Transaction next = complete.removeFirst();
            batch.add(next);
            Lsn end = next.committed().end();
            next.changes.stream().filter(c -> writer.wants(c, end)).forEach(changes::add);
        }
        if (batch.isEmpty()) {
            return;
        }
        Commit last = batch.getLast().committed();
        session.begin();
        try {
            positions.advance(session, last.end(), last.changes());
            write(changes);
            session.commit();
        } catch (LockstepException e) {
            session.rollback();
            throw e;
        }
        applied = new Position(last.end(), last.changes(), applied.strict());
        trimmable = batch.getLast().offset;
        batch.forEach(t -> t.markers.forEach(settings.onMarker()));
    }

    /// From here every change must fit exactly. To be called while the gate holds, after the
    /// standby's position says so too.
    public void becomeStrict() {
        applied = new Position(applied.lsn(), applied.changes(), true);
    }

    private void trimNowAndThen() {
        long now = System.nanoTime();
        if (now - trimmedAtNanos > TRIM_NANOS && trimmable > trimmed) {
            settings.log().trim(trimmable);
            trimmed = trimmable;
            trimmedAtNanos = now;
        }
    }

    @Override
    public void close() {
        closed = true;
        settings.gate().close();
    }
}
