package dev.lockstep.orchestrator.cli;

import dev.lockstep.orchestrator.run.Json;
import dev.lockstep.orchestrator.status.Status;
import dev.lockstep.plans.fault.ExitCode;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Prints how a run is doing.
@Command(name = "status", description = "Shows how a run is doing.")
final class StatusCommand extends PlanCommand {
    @Option(names = "--json", description = "Print one JSON document.")
    boolean json;

    @Override
    boolean isJson() {
        return json;
    }

    @Override
    public Integer call() {
        Plan plan = plan();
        try (Db source = source(plan);
                Db target = target(plan)) {
            Status status = Status.read(source, target, plan.name());
            print(json ? Json.write(status) : status.text(Main.clock().instant()));
            return ExitCode.DONE;
        } catch (LockstepException e) {
            return refuse(e, plan);
        }
    }
}
