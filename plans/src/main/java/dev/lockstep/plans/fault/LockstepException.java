package dev.lockstep.plans.fault;

import org.jspecify.annotations.Nullable;

/// The one exception. Its message is a paragraph for a person: what failed, on which thing, what
/// was found and expected, what to do. It never holds a secret.
public final class LockstepException extends RuntimeException {
    private final Fault fault;

    public LockstepException(Fault fault, String message) {
        this(fault, message, null);
    }

    public LockstepException(Fault fault, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.fault = fault;
    }

    /// What another thread failed with, to be thrown by this one.
    ///
    /// @param what had not been expected to fail so
    public static LockstepException of(Throwable failure, String what) {
        return failure instanceof LockstepException known
                ? new LockstepException(known.fault(), known.text(), known)
                : new LockstepException(Fault.INTERNAL, what + " stopped: " + failure, failure);
    }

    public Fault fault() {
        return fault;
    }

    /// The message, never null as `Throwable`'s own may be.
    public String text() {
        String message = getMessage();
        return message == null ? fault.name() : message;
    }

    /// The message with its fault behind it, as a person is told.
    public String told() {
        return text() + " [" + fault + "]";
    }
}
