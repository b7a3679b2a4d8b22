package dev.lockstep.cdc.model;

import dev.lockstep.cdc.model.Pipe.Unit;
import java.util.List;

/// A process that captures and applies. All of this dies with it.
///
/// @param attempt counts its writers
/// @param tap how far its capture is
/// @param asked what the slot had confirmed when it was asked
/// @param known the last commit that log or standby had then; -1 before they were asked
/// @param next the transaction that the server sends next
/// @param half whether the first half of that was sent
/// @param last the last commit that went to the log, as this writer knows
/// @param sent how many records it has sent
/// @param frame what was not sent yet
/// @param kept up to which commit the log has what it sent
/// @param from the offset at which its reader began; -1 where none reads
/// @param to the offset up to which it has read
/// @param applied what its applier takes the position to be
/// @param owed the position that a flawed applier has still to write; -1 for none
record Worker(
        int epoch,
        int attempt,
        Tap tap,
        int asked,
        int known,
        int next,
        boolean half,
        int last,
        int sent,
        List<Unit> frame,
        int kept,
        int from,
        int to,
        int applied,
        int owed) {
    enum Tap {
        CLOSED,
        ASKED,
        READY,
        OPEN,
        FAILED
    }

    static Worker starting(int epoch, int attempt) {
        return new Worker(
                epoch, attempt, Tap.CLOSED, -1, -1, 0, false, 0, 0, List.of(), 0, -1, -1, -1, -1);
    }

    /// Without its capture, and all that this knew.
    Worker failed() {
        return new Worker(
                epoch,
                attempt,
                Tap.FAILED,
                -1,
                -1,
                0,
                false,
                0,
                0,
                List.of(),
                0,
                from,
                to,
                applied,
                owed);
    }

    Worker asked(int confirmed, int inLog, Tap now) {
        return new Worker(
                epoch, attempt, now, confirmed, inLog, next, half, last, sent, frame, kept, from,
                to, applied, owed);
    }

    Worker opened(int at) {
        return new Worker(
                epoch, attempt, Tap.OPEN, -1, known, at, false, known, 0, List.of(), 0, from, to,
                applied, owed);
    }

    Worker taken(int then, boolean inHalf, int commit, List<Unit> units) {
        return new Worker(
                epoch, attempt, tap, asked, known, then, inHalf, commit, sent, units, kept, from,
                to, applied, owed);
    }

    Worker flushed() {
        return new Worker(
                epoch, attempt, tap, asked, known, next, half, last, sent + 1, List.of(), kept,
                from, to, applied, owed);
    }

    Worker kept(int now) {
        return new Worker(
                epoch, attempt, tap, asked, known, next, half, last, sent, frame, now, from, to,
                applied, owed);
    }

    Worker reading(int begin, int upTo, int at) {
        return new Worker(
                epoch, attempt, tap, asked, known, next, half, last, sent, frame, kept, begin, upTo,
                at, -1);
    }

    Worker owes(int position) {
        return new Worker(
                epoch, attempt, tap, asked, known, next, half, last, sent, frame, kept, from, to,
                applied, position);
    }

    boolean reads() {
        return from >= 0;
    }
}
