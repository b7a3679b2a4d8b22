package dev.lockstep.orchestrator.model;

import dev.lockstep.orchestrator.run.Side;

/// A process at work on the run. All of this dies with it, its open transactions too.
///
/// @param epoch of its lease; lower than the run's where it was taken for dead and goes on
/// @param at what it does next
/// @param stream the stream that it resumes, or of the switch that it is in
/// @param intended whether it has begun to journal the intent
/// @param fence its transaction on the active
/// @param opening its transaction on the standby
/// @param leased whether one of its transactions on the target has the lease's row locked
/// @param applying the stream that it writes to the standby; -1 for none
record Proc(
        int epoch,
        At at,
        int stream,
        boolean intended,
        Tx fence,
        Tx opening,
        boolean leased,
        int applying) {
    /// The next step.
    enum At {
        IDLE,
        EXPAND,
        REMOVE_BEFORE,
        REMOVE_AFTER,
        CAPTURE,
        CLAIM,
        PREPARE_REMOVE,
        PREPARE,
        FENCE,
        DRAIN,
        HOLD,
        START_AT,
        ACCEPT,
        INTEND,
        DURABLE,
        OPEN,
        OUTCOME,
        TURN,
        SETTLE,
        UNDO,
        REOPEN,
        REOPEN_HOLD,
        REOPEN_COMMIT,
        REOPEN_OUTCOME,
        GIVE_UP
    }

    /// A transaction of a session.
    enum Tx {
        NONE,
        BEGUN,
        LOCKED,
        ENDED
    }

    static Proc starting(int epoch) {
        return new Proc(epoch, At.IDLE, -1, false, Tx.NONE, Tx.NONE, false, -1);
    }

    /// The side that is active in its switch.
    Side from() {
        return World.activeOf(stream);
    }

    Side to() {
        return from().other();
    }

    Proc at(At next) {
        return new Proc(epoch, next, stream, intended, fence, opening, leased, applying);
    }

    Proc on(int ofStream, At next) {
        return new Proc(epoch, next, ofStream, intended, fence, opening, leased, applying);
    }

    Proc intending(boolean now) {
        return new Proc(epoch, at, stream, now, fence, opening, leased, applying);
    }

    Proc fence(Tx now) {
        return new Proc(epoch, at, stream, intended, now, opening, leased, applying);
    }

    Proc opening(Tx now) {
        return new Proc(epoch, at, stream, intended, fence, now, leased, applying);
    }

    Proc leased(boolean now) {
        return new Proc(epoch, at, stream, intended, fence, opening, now, applying);
    }

    Proc applying(int now) {
        return new Proc(epoch, at, stream, intended, fence, opening, leased, now);
    }

    /// Without its transactions.
    Proc closed() {
        return fence(Tx.NONE).opening(Tx.NONE).leased(false);
    }

    boolean locks(Side side) {
        return (fence == Tx.LOCKED && from() == side) || (opening == Tx.LOCKED && to() == side);
    }
}
