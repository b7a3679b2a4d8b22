package dev.lockstep.orchestrator.switching;

/// Brings what a switch goes by up to date, so that little of that is left to be done while writes
/// are held.
@FunctionalInterface
public interface LastLook {
    void look() throws InterruptedException;
}
