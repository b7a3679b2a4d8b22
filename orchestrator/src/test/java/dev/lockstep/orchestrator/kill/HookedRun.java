package dev.lockstep.orchestrator.kill;

import dev.lockstep.orchestrator.conduct.Commands;
import dev.lockstep.orchestrator.conduct.Conductor;
import dev.lockstep.orchestrator.conduct.Serving;
import dev.lockstep.orchestrator.opening.OpenRun;
import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.RunState.Switching;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.run.Stop;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.plan.PlanFile;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.function.BiFunction;

/// Brings a run into step, switches until so many switches are done, and ends it with a command.
/// Every state and every step of a switch is told before it is done.
public final class HookedRun {
    private static final int TRIES = 10;

    private final Plan plan;
    private final int switches;
    private final String end;
    private final Hook hook;

    /// Who is told.
    public interface Hook {
        /// Called before the work goes on from there, by the thread that does it.
        void reached(String point);

        /// Told early, how the run is asked to stop in order.
        default void begun(Runnable stop) {}

        /// As what a command is given.
        default Asked asked(String command) {
            return Asked.of(command);
        }

        /// Whether the run may be ended: it is in step and all switches are done.
        boolean mayEnd();

        void say(String text);
    }

    /// A run by the plan in a file.
    ///
    /// @param end the last command
    public HookedRun(Path plan, int switches, String end, Hook hook) {
        this.plan = PlanFile.read(plan, Map.of());
        this.switches = switches;
        this.end = end;
        this.hook = hook;
    }

    void work() {
        work((endpoint, name) -> Db.of(endpoint, name));
    }

    /// Does all of it, or what is left of it.
    ///
    /// @param connect makes the handles on the databases
    public void work(BiFunction<Endpoint, String, Db> connect) {
        String name = "lockstep " + plan.name();
        try (Db source = connect.apply(plan.source(), name);
                Db target = connect.apply(plan.target(), name)) {
            if (!OpenRun.isOver(plan, source, target)) {
                work(source, target);
            }
        }
    }

    private void work(Db source, Db target) {
        try (OpenRun open =
                OpenRun.take(
                        plan, source, target, OpenRun.folder(plan), InstantSource.system(), "")) {
            hook.reached("planned");
            Stop stop = new Stop();
            hook.begun(stop::interrupt);
            open.lease().keep(stop::ask);
            Watcher watcher = new Reporting();
            Conductor conductor = new Conductor(open.run(), stop, watcher);
            conductor.listenTo(step -> hook.reached(name(step, conductor.state())));
            boolean _ =
                    new Serving(conductor, stop, watcher, false)
                            .inStep(commands -> finish(commands, conductor, stop));
        }
    }

    private static String name(String step, RunState state) {
        return switch (state) {
            case Switching switching -> step + "/" + switching.stream();
            // The switch is told already, but for the streams.
            case InStep inStep -> step + "/" + (inStep.stream() - 1);
            default -> step;
        };
    }

    private boolean finish(Commands commands, Conductor conductor, Stop stop)
            throws InterruptedException {
        for (int attempt = 1;
                conductor.state() instanceof InStep inStep && inStep.stream() < switches;
                attempt++) {
            String command = inStep.active() == Side.SOURCE ? "cutover" : "rollback";
            try {
                conductor.advance();
                hook.say(commands.perform(hook.asked(command)).text());
            } catch (LockstepException e) {
                if (e.fault() != Fault.SWITCH_FAILED || attempt > TRIES) {
                    throw e;
                }
                hook.say(e.told());
                conductor.flowing().throwIfFailed();
            }
        }
        conductor.advance();
        if (conductor.state() instanceof InStep) {
            hook.reached("settled");
            while (!hook.mayEnd()) {
                conductor.flowing().throwIfFailed();
                stop.pause(Duration.ofMillis(20));
            }
            hook.say(commands.perform(hook.asked(end)).text());
        }
        return conductor.state().isFinal();
    }

    private final class Reporting implements Watcher {
        @Override
        public void entered(RunState state) {
            hook.reached(state.label());
        }

        @Override
        public void say(String text) {
            hook.say(text);
        }
    }
}
