package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Change.Commit;
import dev.lockstep.cdc.log.LogReader;
import dev.lockstep.plans.sql.Lsn;
import java.util.ArrayList;
import java.util.List;

/// Collects the whole transactions that the real [Assembler] finds.
public final class Puzzle implements LogReader.Sink {
    private final List<Whole> wholes = new ArrayList<>();
    private final Assembler assembler =
            new Assembler(
                    new Assembler.Taker() {
                        @Override
                        public void complete(Transaction found) {
                            wholes.add(
                                    new Whole(
                                            found.offset,
                                            found.after,
                                            found.committed(),
                                            List.copyOf(found.changes)));
                        }

                        @Override
                        public void large(Transaction transaction) {
                            throw new AssertionError("none is large");
                        }
                    });

    /// A transaction of the log.
    ///
    /// @param offset of the record with its begin
    /// @param after the end of the commit before it
    public record Whole(long offset, Lsn after, Commit commit, List<Change> changes) {}

    @Override
    public void onTorn() {
        assembler.onTorn();
    }

    @Override
    public void onChange(long offset, Change change) {
        assembler.onChange(offset, change);
    }

    public List<Whole> wholes() {
        return List.copyOf(wholes);
    }

    /// The record in which the transaction begins whose commit is still to come; -1 for none.
    public int tornAt() {
        Transaction open = assembler.open();
        return open == null ? -1 : (int) open.offset;
    }

    /// The changes of the transaction whose commit is still to come.
    public List<Change> torn() {
        Transaction open = assembler.open();
        return open == null ? List.of() : List.copyOf(open.changes);
    }
}
