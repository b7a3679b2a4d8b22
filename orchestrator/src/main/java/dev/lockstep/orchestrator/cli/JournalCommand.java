package dev.lockstep.orchestrator.cli;

import dev.lockstep.orchestrator.run.Journal;
import dev.lockstep.orchestrator.run.Json;
import dev.lockstep.plans.fault.ExitCode;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import picocli.CommandLine.Command;

/// Prints what happened to a run, an event a line.
@Command(name = "journal", description = "Prints the audit trail of a run.")
final class JournalCommand extends PlanCommand {
    @Override
    public Integer call() {
        Plan plan = plan();
        try (Db target = target(plan)) {
            for (Journal.Entry entry : new Journal(target, plan.name()).entries()) {
                print(
                        "%4d  %s  %-16s %s"
                                .formatted(
                                        entry.seq(),
                                        entry.at(),
                                        entry.event().getClass().getSimpleName(),
                                        Json.write(entry.event())));
            }
            return ExitCode.DONE;
        } catch (LockstepException e) {
            return refuse(e);
        }
    }
}
