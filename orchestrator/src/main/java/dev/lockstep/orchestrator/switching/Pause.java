package dev.lockstep.orchestrator.switching;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.Optional;

/// How long applications wait for a switch, and how long they may.
///
/// Thread rule: one thread.
final class Pause {
    /// The length, in milliseconds, of a pause that nobody has measured.
    static final double UNKNOWN = -1;

    private final Duration max;
    private Optional<Held> first = Optional.empty();
    private long since;
    private double millis = UNKNOWN;

    /// What waits for a switch.
    enum Held {
        CLIENTS,
        WRITES
    }

    Pause(Duration max) {
        this.max = max;
    }

    /// Counts from `nanos`, unless it counts already.
    void begin(Held held, long nanos) {
        if (first.isEmpty()) {
            first = Optional.of(held);
            since = nanos;
        }
    }

    /// What is left of it; all of it before it has begun. Fails where nothing is.
    Duration left() {
        Duration left = first.isPresent() ? max.minusNanos(System.nanoTime() - since) : max;
        if (!left.isPositive()) {
            throw new LockstepException(Fault.SWITCH_FAILED, told());
        }
        return left;
    }

    /// What came of a statement that was cut off when nothing was left.
    LockstepException over(LockstepException cause) {
        return new LockstepException(Fault.SWITCH_FAILED, told(), cause);
    }

    private String told() {
        return "writes were held for %d ms, the plan's max-pause".formatted(max.toMillis());
    }

    /// Fails where nothing is left of it.
    void requireLeft() {
        Duration _ = left();
    }

    /// Has the server end any statement of the open transactions that takes longer than what is
    /// left, whatever it waits for.
    void limit(Session... held) {
        for (Session session : held) {
            session.limit(left());
        }
    }

    /// Has the server end the open transaction when nothing is left, should nobody say anything
    /// until then.
    void endIdle(Session held) {
        held.run(
                "SET LOCAL idle_in_transaction_session_timeout = "
                        + Math.max(1, left().toMillis()));
    }

    /// It is over, as far as is known; one that nobody saw begin has no length.
    void end() {
        if (first.isPresent()) {
            millis = (System.nanoTime() - since) / 1e6;
        }
    }

    double millis() {
        return millis;
    }

    /// What was held for how long, to be put behind "undone"; nothing where that is not known. The
    /// server lets writes go by itself when nothing is left.
    String after() {
        if (first.isEmpty() || millis == UNKNOWN) {
            return "";
        }
        return switch (first.get()) {
            case CLIENTS -> " after clients were held for %.0f ms".formatted(millis);
            case WRITES ->
                    " after writes were held for %.0f ms"
                            .formatted(Math.min(millis, (double) max.toMillis()));
        };
    }
}
