package dev.lockstep.orchestrator.switching;

/// Told of each step just before it; a test lets the process die there.
@FunctionalInterface
public interface StepListener {
    StepListener NONE = step -> {};

    void before(String step);

    /// Told what keeps the switch waiting.
    default void waiting(String what) {}
}
