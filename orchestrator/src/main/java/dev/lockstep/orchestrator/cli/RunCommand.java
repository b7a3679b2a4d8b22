package dev.lockstep.orchestrator.cli;

import dev.lockstep.orchestrator.conduct.Conductor;
import dev.lockstep.orchestrator.conduct.Serving;
import dev.lockstep.orchestrator.console.Console;
import dev.lockstep.orchestrator.opening.OpenRun;
import dev.lockstep.orchestrator.run.Interruption;
import dev.lockstep.orchestrator.run.Journal;
import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.Stop;
import dev.lockstep.plans.fault.ExitCode;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/// Brings a run forward and keeps it flowing.
@Command(
        name = "run",
        description = {
            "Brings a run into step and keeps changes flowing until it is stopped or completed.",
            "A run that was killed, stopped or failed goes on where it was."
        })
final class RunCommand extends PlanCommand {
    private static final Duration POLL = Duration.ofMillis(200);

    @Option(
            names = "--until",
            paramLabel = "STATE",
            description = "Exit once this state is reached; all stays resumable. Only: in-step.")
    String until = "";

    @Option(
            names = "--cutover",
            paramLabel = "auto",
            description = "auto: switch to the target as soon as the run is in step.")
    String cutover = "";

    @Override
    public Integer call() {
        checkOptions();
        Plan plan = plan();
        try (Db source = source(plan);
                Db target = target(plan)) {
            Optional<OpenRun> taken;
            try {
                taken = taken(plan, source, target);
                if (taken.isEmpty()) {
                    return say(plan.name(), state(plan, target));
                }
            } catch (LockstepException e) {
                return refuse(e, plan);
            }
            OpenRun open = taken.get();
            try (Interruption interruption = Interruption.watch(open.lease());
                    open) {
                return work(open, interruption.stop());
            }
        }
    }

    private static RunState state(Plan plan, Db target) {
        return new Journal(target, plan.name()).history().state();
    }

    /// Takes hold of the run; one that a command has is waited for. Empty where the run is
    /// completed, or was ended by the command.
    private Optional<OpenRun> taken(Plan plan, Db source, Db target) {
        for (boolean waited = false; ; waited = true) {
            if (OpenRun.isOver(plan, source, target) || (waited && state(plan, target).isFinal())) {
                return Optional.empty();
            }
            try {
                return Optional.of(
                        OpenRun.take(plan, source, target, OpenRun.folder(plan), Main.clock(), ""));
            } catch (LockstepException e) {
                if (e.fault() != Fault.NAME_IN_USE || !hasWaited(plan, target)) {
                    throw e;
                }
            }
        }
    }

    /// Waits until the command that has the run gives it back; false where none has it.
    private boolean hasWaited(Plan plan, Db target) {
        Stop stop = new Stop();
        String said = "";
        Optional<Lease.Holder> holder = OpenRun.holder(plan, target);
        while (holder.filter(Lease.Holder::passing).isPresent()) {
            String name = holder.get().name();
            if (!name.equals(said)) {
                tell(
                        "run \"%s\" is in the hands of %s; waiting for it"
                                .formatted(plan.name(), name));
                said = name;
            }
            stop.rest(POLL);
            holder = OpenRun.holder(plan, target);
        }
        return !said.isEmpty();
    }

    private void checkOptions() {
        if (!until.isEmpty() && !until.equals("in-step")) {
            throw new ParameterException(
                    spec.commandLine(), "--until: found \"%s\", expected in-step".formatted(until));
        }
        if (!cutover.isEmpty() && !cutover.equals("auto")) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--cutover: found \"%s\", expected auto".formatted(cutover));
        }
    }

    private int work(OpenRun open, Stop stop) {
        try (Console console = Console.standardError(Main.clock())) {
            ConsoleWatcher watcher = new ConsoleWatcher(console);
            Serving serving =
                    new Serving(new Conductor(open.run(), stop, watcher), stop, watcher, auto());
            serving.until(state -> isEnough(state));
            return say(open.run().name(), open.run().journal().history().state());
        } catch (LockstepException e) {
            return report(e, ExitCode.of(e.fault()));
        }
    }

    private boolean auto() {
        return cutover.equals("auto");
    }

    private boolean isEnough(RunState state) {
        return until.equals("in-step") && state instanceof InStep;
    }

    private int say(String run, RunState state) {
        String active = state.activeSide().map(side -> ", active: " + side.label()).orElse("");
        print("run \"%s\" is %s%s".formatted(run, state.label(), active));
        return ExitCode.DONE;
    }
}
