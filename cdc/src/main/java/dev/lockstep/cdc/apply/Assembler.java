package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Change.Begin;
import dev.lockstep.cdc.change.Change.Commit;
import dev.lockstep.cdc.change.Change.Marker;
import dev.lockstep.cdc.log.LogReader;
import dev.lockstep.plans.sql.Lsn;
import org.jspecify.annotations.Nullable;

/// Puts a log's changes together to transactions. One that is torn, by the end of its writer, by a
/// gap in the log or by the next begin, is dropped.
final class Assembler implements LogReader.Sink {
    /// A transaction with more changes, or larger, is given away in parts.
    static final int CHANGES_MAX = 20_000;

    static final long CHARS_MAX = 16L * 1024 * 1024;

    private final Taker taker;
    private @Nullable Transaction open;
    private long beginsAt = -1;
    private int begins;

    /// Who takes what was put together.
    interface Taker {
        /// All of a transaction, or its last part.
        void complete(Transaction transaction) throws InterruptedException;

        /// What there is so far of one that is too large to be held; to be cleared.
        void large(Transaction transaction) throws InterruptedException;
    }

    /// Carries an interrupt through the reader, which knows none.
    static final class Stopped extends RuntimeException {}

    Assembler(Taker taker) {
        this.taker = taker;
    }

    /// The transaction whose commit is still to come.
    @Nullable Transaction open() {
        return open;
    }

    @Override
    public void onTorn() {
        open = null;
    }

    @Override
    public void onChange(long offset, Change change) {
        try {
            switch (change) {
                case Begin(Lsn after) -> {
                    begins = offset == beginsAt ? begins + 1 : 1;
                    beginsAt = offset;
                    open = new Transaction(offset, begins, after);
                }
                case Commit commit -> finish(commit);
                case Marker(String text) -> openAt(offset).markers.add(text);
                case Change.RowChange row -> add(openAt(offset), row);
                case Change.Truncate truncate -> add(openAt(offset), truncate);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Stopped();
        }
    }

    private Transaction openAt(long offset) {
        Transaction known = open;
        if (known == null) {
            known = new Transaction(offset, 0, Lsn.ZERO);
            open = known;
        }
        return known;
    }

    private void add(Transaction transaction, Change change) throws InterruptedException {
        transaction.add(change);
        if (transaction.changes.size() >= CHANGES_MAX || transaction.chars() >= CHARS_MAX) {
            taker.large(transaction);
        }
    }

    private void finish(Commit commit) throws InterruptedException {
        Transaction transaction = open;
        open = null;
        if (transaction != null && !transaction.isSkipped()) {
            transaction.commit(commit);
            taker.complete(transaction);
        }
    }
}
