package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.apply.Positions.Position;
import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Change.Commit;
import dev.lockstep.cdc.log.ChangeLog;
import dev.lockstep.cdc.log.LogReader;
import dev.lockstep.cdc.log.LogTrim;
import dev.lockstep.cdc.log.PositionLost;
import dev.lockstep.cdc.recent.RecentChanges;
import dev.lockstep.cdc.session.ReplicaRole;
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

    private final Settings settings;
    private final Session session;
    private final BatchWriter writer;
    private final Positions positions;
    private final Assembler assembler = new Assembler(new Parts());
    private final Deque<Transaction> complete = new ArrayDeque<>();
    private final LogTrim trim;
    private @Nullable Commit streaming;
    private int completeChanges;
    private long completeChars;
    private volatile Position applied;
    private volatile boolean closed;
    private volatile boolean aborted;

    /// What an applier works on.
    ///
    /// @param onMarker told each marker once everything before it is committed on the standby
    /// @param recent told all changes that are read
    public record Settings(
            Db standby,
            Positions positions,
            String run,
            Collection<Route> routes,
            ChangeLog log,
            ApplyGate gate,
            Consumer<String> onMarker,
            RecentChanges recent) {}

    /// Connects and takes the stream over; nothing is written before [#run].
    public Applier(Settings settings) {
        this.settings = settings;
        this.positions = settings.positions();
        this.applied = positions.claim(settings.standby());
        settings.recent().begin(applied.lsn());
        this.trim = new LogTrim(settings.log(), settings.recent()::keptSince);
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
                reader.poll(POLL, assembler);
                throwIfClosed();
                writeComplete();
                trim.nowAndThen();
            }
        } catch (Assembler.Stopped e) {
            throw new InterruptedException("applier closed");
        } catch (LockstepException e) {
            if (aborted) {
                throw new InterruptedException("applier cut off");
            }
            throw e;
        } finally {
            session.close();
        }
    }

    /// What the assembler gives.
    private final class Parts implements Assembler.Taker {
        @Override
        public void complete(Transaction transaction) throws InterruptedException {
            finish(transaction);
        }

        @Override
        public void large(Transaction transaction) throws InterruptedException {
            stream(transaction);
        }
    }

    /// Writes what is here of a transaction too large to be held. How it ends is read ahead from
    /// the log: a second copy or a torn one is not even begun.
    private void stream(Transaction transaction) throws InterruptedException {
        if (!transaction.isCommitKnown()) {
            writeComplete();
            Optional<Commit> commit = readAhead(transaction);
            // Reading ahead ends for this too, and says no more than for a torn transaction.
            throwIfClosed();
            if (commit.isEmpty()) {
                transaction.skip();
                return;
            }
            transaction.commit(commit.get());
            if (commit.get().end().isAfter(applied.lsn())) {
                beginStreaming(transaction, commit.get());
            }
        }
        hear(transaction, transaction.committed());
        if (streaming != null) {
            write(wanted(transaction, streaming));
        }
        transaction.clearChanges();
    }

    private void beginStreaming(Transaction transaction, Commit commit)
            throws InterruptedException {
        checkFollows(transaction, applied.lsn());
        settings.gate().enter(commit.end());
        streaming = commit;
        session.begin();
        positions.fence(session, applied.lsn());
    }

    private void hear(Transaction transaction, Commit commit) {
        settings.recent().read(transaction.after, commit.end(), transaction.changes);
        trim.read(transaction.chars());
    }

    private void throwIfClosed() throws InterruptedException {
        if (closed) {
            throw new InterruptedException("applier closed");
        }
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

    private List<Change> wanted(Transaction transaction, Commit commit) {
        return transaction.changes.stream()
                .map(change -> writer.wanted(change, commit.end()))
                .flatMap(Optional::stream)
                .toList();
    }

    private void finish(Transaction transaction) throws InterruptedException {
        Commit commit = transaction.committed();
        hear(transaction, commit);
        trim.read(transaction.offset, commit);
        if (streaming != null) {
            commitStreamed(transaction, commit);
        } else if (commit.end().isAfter(end())) {
            checkFollows(transaction, end());
            complete.add(transaction);
            completeChanges += transaction.changes.size();
            completeChars += transaction.chars();
            if (completeChanges >= Assembler.CHANGES_MAX || completeChars >= Assembler.CHARS_MAX) {
                writeComplete();
            }
        }
    }

    /// Up to where changes are on the standby or about to be written.
    private Lsn end() {
        Transaction last = complete.peekLast();
        return last == null ? applied.lsn() : last.committed().end();
    }

    /// A standby that was set back to an older state lacks what was trimmed from the log since.
    private void checkFollows(Transaction transaction, Lsn end) {
        if (transaction.after.isAfter(end)) {
            throw PositionLost.of(
                    positions.stream(),
                    ("standby \"%s\" has changes up to %s, and the log goes on after %s: the"
                                    + " standby was set back, and what it lost is gone from the"
                                    + " log")
                            .formatted(settings.standby().label(), end, transaction.after));
        }
    }

    private void commitStreamed(Transaction transaction, Commit commit) {
        write(wanted(transaction, commit));
        positions.advance(session, applied.lsn(), commit);
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
        Transaction open = assembler.open();
        if (open != null && streaming == null) {
            trim.applied(open.offset);
        }
    }

    private void writeAdmitted() {
        List<Transaction> batch = new ArrayList<>();
        List<Change> changes = new ArrayList<>();
        while (!complete.isEmpty()
                && settings.gate().admits(complete.getFirst().committed().end())) {
            Transaction next = complete.removeFirst();
            batch.add(next);
            changes.addAll(wanted(next, next.committed()));
        }
        if (batch.isEmpty()) {
            return;
        }
        Commit last = batch.getLast().committed();
        session.begin();
        try {
            positions.advance(session, applied.lsn(), last);
            write(changes);
            session.commit();
        } catch (LockstepException e) {
            session.rollback();
            throw e;
        }
        applied = new Position(last.end(), last.changes(), applied.strict());
        trim.applied(batch.getLast().offset);
        batch.forEach(t -> t.markers.forEach(settings.onMarker()));
    }

    /// From here every change must fit exactly. To be called while the gate holds, after the
    /// standby's position says so too.
    public void becomeStrict() {
        applied = new Position(applied.lsn(), applied.changes(), true);
    }

    /// Cuts the connection to the standby, where [#close] alone does not end the work in time.
    public void abort() {
        aborted = true;
        close();
        session.abort();
    }

    @Override
    public void close() {
        closed = true;
        settings.gate().close();
    }
}
