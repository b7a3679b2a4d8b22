package dev.lockstep.cdc.model;

import dev.lockstep.cdc.model.Rows.Op;
import java.util.ArrayList;
import java.util.List;

/// Everything at one moment of a copy.
///
/// @param wal the active's transactions; a position counts them
/// @param visible how many of them a snapshot shows; the last may be in the WAL and not be seen yet
/// @param slot from where on changes are sent; -1 before there is a slot
/// @param position what the standby has; -1 before that was said
/// @param booked a bit for each chunk that is noted as done
/// @param unfinished a bit for each row that waits to be copied again
/// @param writes how many transactions may still come
/// @param broken what went wrong on the way here; empty where nothing did
record Copy(
        List<List<Op>> wal,
        int visible,
        int slot,
        int position,
        boolean strict,
        Rows standby,
        int booked,
        int unfinished,
        Stage stage,
        Mover mover,
        int writes,
        int crashes,
        String broken) {
    static final Rows FIRST = Rows.NONE.with(0, 1);

    /// What the journal says.
    enum Stage {
        COPYING,
        CATCHING_UP,
        IN_STEP
    }

    /// What the process holds in memory, and loses with its life.
    ///
    /// @param chunk the chunk that it has read; -1 for none
    /// @param row what it read there
    /// @param gate up to where the applier may go: -1 nowhere, [#OPEN] anywhere
    /// @param point the snapshot of a cut; -1 for none
    /// @param shown what that snapshot shows
    /// @param rest changes of a transaction that a flawed applier has still to write
    /// @param then the position that a flawed applier has still to write; -1 for none
    record Mover(
            boolean capturing,
            int chunk,
            int row,
            boolean applying,
            int gate,
            int point,
            Rows shown,
            List<Op> rest,
            int then) {
        static final int OPEN = 99;
        static final Mover NEW = new Mover(false, -1, 0, false, OPEN, -1, Rows.NONE, List.of(), -1);

        Mover captures() {
            return new Mover(true, chunk, row, applying, gate, point, shown, rest, then);
        }

        Mover reads(int ofChunk, int found) {
            return new Mover(capturing, ofChunk, found, applying, gate, point, shown, rest, then);
        }

        Mover applies() {
            return new Mover(capturing, chunk, row, true, gate, point, shown, rest, then);
        }

        Mover cuts(int limit, int at, Rows snapshot) {
            return new Mover(capturing, chunk, row, applying, limit, at, snapshot, rest, then);
        }

        Mover owes(List<Op> changes, int to) {
            return new Mover(capturing, chunk, row, applying, gate, point, shown, changes, to);
        }
    }

    Copy with(Mover now) {
        return new Copy(
                wal,
                visible,
                slot,
                position,
                strict,
                standby,
                booked,
                unfinished,
                stage,
                now,
                writes,
                crashes,
                broken);
    }

    Copy crashed() {
        return new Copy(
                wal,
                visible,
                slot,
                position,
                strict,
                standby,
                booked,
                unfinished,
                stage,
                Mover.NEW,
                writes,
                crashes - 1,
                broken);
    }

    Copy broken(String how) {
        return new Copy(
                wal,
                visible,
                slot,
                position,
                strict,
                standby,
                booked,
                unfinished,
                stage,
                mover,
                writes,
                crashes,
                how);
    }

    Copy stage(Stage now) {
        return new Copy(
                wal,
                visible,
                slot,
                position,
                strict,
                standby,
                booked,
                unfinished,
                now,
                mover,
                writes,
                crashes,
                broken);
    }

    Copy committed(List<Op> transaction) {
        List<List<Op>> longer = new ArrayList<>(wal);
        longer.add(transaction);
        return new Copy(
                List.copyOf(longer),
                visible,
                slot,
                position,
                strict,
                standby,
                booked,
                unfinished,
                stage,
                mover,
                writes - 1,
                crashes,
                broken);
    }

    Copy seen() {
        return new Copy(
                wal,
                wal.size(),
                slot,
                position,
                strict,
                standby,
                booked,
                unfinished,
                stage,
                mover,
                writes,
                crashes,
                broken);
    }

    Copy slotMade() {
        return new Copy(
                wal,
                visible,
                wal.size(),
                position,
                strict,
                standby,
                booked,
                unfinished,
                stage,
                mover,
                writes,
                crashes,
                broken);
    }

    Copy at(int now) {
        return new Copy(
                wal,
                visible,
                slot,
                now,
                strict,
                standby,
                booked,
                unfinished,
                stage,
                mover,
                writes,
                crashes,
                broken);
    }

    Copy holding(Rows now, int left, boolean exact) {
        return new Copy(
                wal, visible, slot, position, exact, now, booked, left, stage, mover, writes,
                crashes, broken);
    }

    Copy booked(int chunk) {
        return new Copy(
                wal,
                visible,
                slot,
                position,
                strict,
                standby,
                booked | 1 << chunk,
                unfinished,
                stage,
                mover,
                writes,
                crashes,
                broken);
    }

    /// What the first `count` transactions came to.
    Rows active(int count) {
        Rows rows = FIRST;
        for (List<Op> transaction : wal.subList(0, count)) {
            rows = rows.after(transaction);
        }
        return rows;
    }
}
