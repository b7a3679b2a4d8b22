package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Change.Commit;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.plans.sql.Lsn;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A transaction as far as it was read. It is found again in the log as the `begin`th begin from
/// record `offset` on; `begin` is 0 where the log was trimmed behind it, since the standby has it.
final class Transaction {
    final long offset;
    final int begin;

    /// The end of the commit before it.
    final Lsn after;

    final List<Change> changes = new ArrayList<>();
    final List<String> markers = new ArrayList<>();
    private @Nullable Commit commit;
    private boolean skipped;
    private long chars;

    Transaction(long offset, int begin, Lsn after) {
        this.offset = offset;
        this.begin = begin;
        this.after = after;
        this.skipped = begin == 0;
    }

    void add(Change change) {
        if (!skipped) {
            changes.add(change);
            chars += charsOf(change);
        }
    }

    /// About how much of the heap the changes take, in characters.
    long chars() {
        return chars;
    }

    void clearChanges() {
        changes.clear();
        chars = 0;
    }

    /// Its changes are not wanted, those to come neither.
    void skip() {
        skipped = true;
        clearChanges();
    }

    boolean isSkipped() {
        return skipped;
    }

    void commit(Commit with) {
        commit = with;
    }

    boolean isCommitKnown() {
        return commit != null;
    }

    Commit committed() {
        return Objects.requireNonNull(commit);
    }

    private static long charsOf(Change change) {
        return switch (change) {
            case Change.Insert insert -> charsOf(insert.after());
            case Change.Update update ->
                    charsOf(update.after()) + update.before().map(Transaction::charsOf).orElse(0L);
            case Change.Delete delete -> charsOf(delete.before());
            case Change.Truncate _, Change.Begin _, Commit _, Change.Marker _ -> 0;
        };
    }

    private static long charsOf(Tuple tuple) {
        long chars = 0;
        for (int i = 0; i < tuple.size(); i++) {
            String value = tuple.isUnchanged(i) ? null : tuple.value(i);
            chars += value == null ? 8 : value.length() + 32;
        }
        return chars;
    }
}
