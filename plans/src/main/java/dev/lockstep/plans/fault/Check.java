package dev.lockstep.plans.fault;

/// Assertions about our own code. What an operator can cause is a [LockstepException] instead.
public final class Check {
    private Check() {}

    /// Throws an `AssertionError` unless `holds`; nobody catches it.
    public static void that(boolean holds, String message, Object... arguments) {
        if (!holds) {
            throw new AssertionError(message.formatted(arguments));
        }
    }
}
