package dev.lockstep.orchestrator.gate;

import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.gate.GateSpec;
import dev.lockstep.plans.plan.Plan;
import java.time.Duration;

/// Holds clients at a switch, moves them to the new side and lets them go. One is made for each
/// switch; what it has done is outside of this process, so another process may go on with another
/// one, and everything may be done twice.
///
/// | step | when | where it fails |
/// | --- | --- | --- |
/// | prepare | before anybody waits | the switch is undone |
/// | hold | before writes are held | the switch is undone |
/// | move | the new side accepts writes | it is done again |
/// | release | after that | it is done again, after move |
/// | undo | instead of move and release | it is told |
public interface Gate extends AutoCloseable {
    /// The gate of a switch away from `from`.
    static Gate of(Plan plan, Side from) {
        return switch (plan.cutover().gate()) {
            case GateSpec.None _ -> new NoGate();
            case GateSpec.PgBouncers bouncers ->
                    new PgBouncerGate(bouncers, from, plan.cutover().maxPause());
            case GateSpec.Hooks hooks -> new HooksGate(hooks, Passage.of(plan, from));
        };
    }

    /// Adds everything that would keep the plan's gate from working, while `active` is.
    static void check(Plan plan, Side active, Problems problems) {
        try (Gate gate = of(plan, active)) {
            gate.check(problems);
        }
    }

    /// Adds what is in the way of a switch. Changes nothing.
    void check(Problems problems);

    /// Whether clients are held at all.
    boolean holds();

    /// Gets ready, with nobody held yet.
    void prepare();

    /// Holds all clients, for no longer than they may be.
    void hold(Duration atMost);

    void move();

    void release();

    /// Lets clients go on as before the switch.
    void undo();

    @Override
    void close();
}
