package dev.lockstep.orchestrator.cli;

import dev.lockstep.orchestrator.run.Json;
import dev.lockstep.orchestrator.status.Status;
import dev.lockstep.plans.fault.ExitCode;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
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
            Status status = read(source, target, plan.name());
            print(json ? Json.write(status) : status.text(Main.clock().instant()));
            return ExitCode.DONE;
        } catch (LockstepException e) {
            return refuse(e, plan);
        }
    }

    /// Another process may end the run just then, and take the tables away that it is read from.
    private static Status read(Db source, Db target, String run) {
        try {
            return Status.read(source, target, run);
        } catch (LockstepException e) {
            if (!OwnTables.areRemoved(e)) {
                throw e;
            }
            return Status.read(source, target, run);
        }
    }
}
