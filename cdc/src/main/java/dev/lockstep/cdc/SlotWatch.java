package dev.lockstep.cdc;

import dev.lockstep.cdc.capture.Slot;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/// Finds what the reader of a slot does not hear of over a connection that it takes for open: that
/// the slot is gone, that its WAL is, or that the server has given the reader up.
final class SlotWatch {
    /// How long a slot may be without its reader.
    static final Duration UNREAD_MAX = Duration.ofSeconds(30);

    private final Slot slot;
    private final String database;
    private final Duration unreadMax;
    private boolean started;
    private long since;

    SlotWatch(Slot slot, String database, Duration unreadMax) {
        this.slot = slot;
        this.database = database;
        this.unreadMax = unreadMax;
    }

    /// The slot is about to be read.
    synchronized void start() {
        started = true;
        since = System.nanoTime();
    }

    /// Looks at slot and publication, and tells `fail` where changes do not come any more. Returns
    /// how much WAL is kept for the slot, in bytes.
    long look(Session session, Consumer<Throwable> fail) {
        Optional<Slot.State> state = slot.state(session);
        look(state).or(() -> slot.unpublished(session)).ifPresent(fail);
        return state.map(Slot.State::retainedBytes).orElse(0L);
    }

    /// The failure of a stream whose slot looks like this, if it is one.
    synchronized Optional<LockstepException> look(Optional<Slot.State> state) {
        if (!started) {
            return Optional.empty();
        }
        Optional<String> loss = Slot.loss(state);
        if (loss.isPresent()) {
            return loss.map(what -> slot.lost(database, what));
        }
        long now = System.nanoTime();
        if (state.orElseThrow().read()) {
            since = now;
        }
        return now - since <= unreadMax.toNanos() ? Optional.empty() : Optional.of(unread());
    }

    private LockstepException unread() {
        return new LockstepException(
                Fault.UNREACHABLE,
                ("nobody has read slot \"%s\" on \"%s\" for %d s: the connection was lost without a"
                                + " word")
                        .formatted(slot.name(), database, unreadMax.toSeconds()));
    }
}
