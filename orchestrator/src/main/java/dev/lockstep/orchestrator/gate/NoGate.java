package dev.lockstep.orchestrator.gate;

import dev.lockstep.plans.fault.Problems;
import java.time.Duration;

/// Clients wait for the lock that holds writes, and move by themselves.
final class NoGate implements Gate {
    @Override
    public void check(Problems problems) {}

    @Override
    public boolean holds() {
        return false;
    }

    @Override
    public void prepare() {}

    @Override
    public void hold(Duration atMost) {}

    @Override
    public void move() {}

    @Override
    public void release() {}

    @Override
    public void undo() {}

    @Override
    public void close() {}
}
