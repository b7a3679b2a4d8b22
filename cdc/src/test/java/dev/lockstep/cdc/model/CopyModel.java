package dev.lockstep.cdc.model;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.model.Copy.Mover;
import dev.lockstep.cdc.model.Copy.Stage;
import dev.lockstep.cdc.model.Rows.Op;
import dev.lockstep.testing.explore.Model;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Two chunks of one row each, copied while applications write, then the changes since, then the
/// cut after which the standby is exact.
record CopyModel(int writes, int crashes, CopyFlaw flaw) implements Model<Copy> {
    static final String EXACT = "an exact standby is a state of the active";
    static final String FITS = "every change of an exact standby fits";
    static final String ONCE = "no chunk meets rows that are there";

    @Override
    public Copy start() {
        boolean strict = flaw == CopyFlaw.STRICT_AT_ONCE;
        return new Copy(
                List.of(),
                0,
                -1,
                -1,
                strict,
                Rows.NONE,
                0,
                0,
                Stage.COPYING,
                Mover.NEW,
                writes,
                crashes,
                "");
    }

    @Override
    public Optional<String> broken(Copy copy) {
        if (!copy.broken().isEmpty()) {
            return Optional.of(copy.broken());
        }
        boolean counts = copy.strict() && copy.stage() != Stage.COPYING && copy.position() >= 0;
        boolean claims = flaw != CopyFlaw.STRICT_AT_ONCE || copy.stage() == Stage.IN_STEP;
        return counts && claims && !copy.standby().equals(copy.active(copy.position()))
                ? Optional.of(EXACT)
                : Optional.empty();
    }

    @Override
    public boolean isGoal(Copy copy) {
        return copy.stage() == Stage.IN_STEP
                && copy.position() == copy.wal().size()
                && copy.standby().equals(copy.active(copy.position()));
    }

    @Override
    public void steps(Copy copy, Next<Copy> next) {
        if (copy.visible() < copy.wal().size()) {
            next.to("what was committed is seen", copy.seen());
        } else if (copy.writes() > 0) {
            write(copy, next);
        }
        if (copy.crashes() > 0 && !copy.mover().equals(Mover.NEW)) {
            next.to("the process dies and another starts", copy.crashed());
        }
        begin(copy, next);
        if (copy.stage() == Stage.COPYING) {
            copyChunks(copy, next);
        }
        if (copy.mover().applying()) {
            apply(copy, next);
            cut(copy, next);
        }
    }

    private static void write(Copy copy, Next<Copy> next) {
        for (List<Op> transaction : Writes.of(copy.active(copy.wal().size()))) {
            next.to("an application commits " + transaction, copy.committed(transaction));
        }
    }

    private void begin(Copy copy, Next<Copy> next) {
        Mover mover = copy.mover();
        if (copy.slot() < 0) {
            // A slot waits for the transactions that are open.
            if (copy.visible() == copy.wal().size()) {
                next.to("the slot is made", copy.slotMade());
            }
        } else if (copy.position() < 0) {
            next.to("the first position is said", copy.at(copy.slot()));
        } else if (!mover.capturing()) {
            next.to("capture starts", copy.with(mover.captures()));
        } else if (!mover.applying()
                && (copy.stage() != Stage.COPYING || flaw == CopyFlaw.APPLIED_DURING_COPY)) {
            next.to("the applier starts", copy.with(mover.applies()));
        }
    }

    private void copyChunks(Copy copy, Next<Copy> next) {
        Mover mover = copy.mover();
        boolean mayRead = mover.capturing() || flaw == CopyFlaw.READ_BEFORE_SLOT;
        if (mover.chunk() >= 0) {
            writeChunk(copy, next);
        } else if (copy.booked() == 3 && mover.capturing()) {
            next.to("the copy is over", copy.stage(Stage.CATCHING_UP));
        } else if (mayRead) {
            Rows seen = copy.active(copy.visible());
            for (int key = 0; key < 2; key++) {
                if ((copy.booked() & 1 << key) == 0) {
                    next.to(
                            "chunk %d is read".formatted(key),
                            copy.with(mover.reads(key, seen.get(key))));
                }
            }
        }
    }

    /// Rows and note in one transaction.
    private void writeChunk(Copy copy, Next<Copy> next) {
        int chunk = copy.mover().chunk();
        int row = copy.mover().row();
        boolean booked = (copy.booked() & 1 << chunk) != 0;
        if (flaw == CopyFlaw.BOOKED_BEFORE_ROWS && !booked) {
            next.to("chunk %d is noted".formatted(chunk), copy.booked(chunk));
            return;
        }
        Mover free = copy.mover().reads(-1, 0);
        if (copy.standby().get(chunk) != 0) {
            boolean own = flaw == CopyFlaw.BOOKED_AFTER_ROWS && copy.mover().then() == chunk;
            next.to(
                    "chunk %d is noted".formatted(chunk),
                    own ? copy.with(free.owes(List.of(), -1)).booked(chunk) : copy.broken(ONCE));
            return;
        }
        Copy written =
                copy.holding(copy.standby().with(chunk, row), copy.unfinished(), copy.strict());
        if (flaw == CopyFlaw.BOOKED_AFTER_ROWS && row != 0) {
            Mover owing = copy.mover().owes(List.of(), chunk);
            next.to("chunk %d is written".formatted(chunk), written.with(owing));
        } else {
            next.to("chunk %d is written".formatted(chunk), written.with(free).booked(chunk));
        }
    }

    private void apply(Copy copy, Next<Copy> next) {
        Mover mover = copy.mover();
        if (mover.then() >= 0) {
            payUp(copy, next);
            return;
        }
        int most = Math.min(copy.wal().size(), mover.gate());
        for (int end = copy.position() + 1; end <= most; end++) {
            List<Op> ops = new ArrayList<>();
            copy.wal().subList(copy.position(), end).forEach(ops::addAll);
            applyUpTo(copy, end, List.copyOf(ops), next);
        }
    }

    private void applyUpTo(Copy copy, int end, List<Op> ops, Next<Copy> next) {
        String step = "changes up to %d are written".formatted(end);
        Mover mover = copy.mover();
        switch (flaw) {
            case POSITION_BEFORE_ROWS ->
                    next.to("the position moves", copy.at(end).with(mover.owes(ops, end)));
            case POSITION_AFTER_ROWS ->
                    next.to(step, written(copy, ops).with(mover.owes(List.of(), end)));
            case HALF_TRANSACTIONS -> {
                List<Op> rest = ops.subList(1, ops.size());
                next.to(
                        "a change is written",
                        written(copy, ops.subList(0, 1)).with(mover.owes(List.copyOf(rest), end)));
            }
            default -> next.to(step, written(copy, ops).at(end));
        }
    }

    private static void payUp(Copy copy, Next<Copy> next) {
        Mover free = copy.mover().owes(List.of(), -1);
        Copy paid = written(copy, copy.mover().rest()).at(copy.mover().then());
        next.to("the rest is written", paid.with(free));
    }

    private static Copy written(Copy copy, List<Op> ops) {
        List<Change> changes = ops.stream().map(Op::change).toList();
        Rows.Batch batch = copy.standby().written(changes, copy.unfinished(), copy.strict());
        return batch.fits()
                ? copy.holding(batch.rows(), batch.unfinished(), copy.strict())
                : copy.broken(FITS);
    }

    /// Holds the applier, takes a snapshot at an exact position, lets the applier up to there, and
    /// then copies again what is unfinished.
    private void cut(Copy copy, Next<Copy> next) {
        Mover mover = copy.mover();
        if (copy.stage() != Stage.CATCHING_UP || mover.then() >= 0) {
            return;
        }
        if (copy.strict()) {
            next.to("catching up is over", copy.stage(Stage.IN_STEP));
        } else if (mover.gate() == Mover.OPEN) {
            next.to("the applier is held", copy.with(mover.cuts(-1, -1, Rows.NONE)));
        } else if (mover.point() < 0) {
            if (copy.visible() == copy.wal().size() || flaw == CopyFlaw.ORDINARY_SNAPSHOT) {
                int at = copy.wal().size();
                Mover cutting = mover.cuts(at, at, copy.active(copy.visible()));
                next.to("a snapshot is taken at " + at, copy.with(cutting));
            }
        } else if (copy.position() == mover.point() || flaw == CopyFlaw.COPIED_AGAIN_ANYWHERE) {
            next.to("unfinished rows are copied again", copiedAgain(copy));
        }
    }

    private Copy copiedAgain(Copy copy) {
        Mover mover = copy.mover();
        Rows rows = copy.standby();
        for (int key = 0; key < 2; key++) {
            if ((copy.unfinished() & 1 << key) != 0 && flaw != CopyFlaw.NOT_COPIED_AGAIN) {
                rows = rows.with(key, mover.shown().get(key));
            }
        }
        return copy.holding(rows, 0, true).with(mover.cuts(Mover.OPEN, -1, Rows.NONE));
    }
}
