package dev.lockstep.orchestrator.cli;

import dev.lockstep.orchestrator.conduct.Asking;
import dev.lockstep.orchestrator.conduct.Commands.Asked;
import dev.lockstep.orchestrator.run.Json;
import dev.lockstep.orchestrator.run.Requests.Outcome;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The commands that ask something of a run: of the process that works on it, or, where there is
/// none, they do it themselves.
final class AskCommands {
    private AskCommands() {}

    /// What they have in common.
    abstract static class Ask extends PlanCommand {
        @Option(names = "--json", description = "Print one JSON document.")
        boolean json;

        @Override
        boolean isJson() {
            return json;
        }

        abstract Asked asked();

        @Override
        public Integer call() {
            Plan plan = plan();
            try (Db source = source(plan);
                    Db target = target(plan)) {
                Outcome outcome = new Asking(plan, source, target, Main.clock()).ask(asked());
                if (json) {
                    print(Json.write(outcome));
                } else if (outcome.exit() == 0) {
                    print(outcome.text());
                } else {
                    spec.commandLine().getErr().println("lockstep: " + outcome.text());
                }
                return outcome.exit();
            } catch (LockstepException e) {
                return refuse(e);
            }
        }
    }

    /// Compares the databases now.
    @Command(
            name = "validate",
            description = "Compares the databases now; exits with 3 where they differ.")
    static final class Validate extends Ask {
        @Option(names = "--table", paramLabel = "T", description = "Only this one, schema.table.")
        String table = "";

        @Override
        Asked asked() {
            return new Asked("validate", table, false);
        }
    }

    /// Moves writes to the target.
    @Command(name = "cutover", description = "Moves writes to the target; prints the write pause.")
    static final class Cutover extends Ask {
        @Override
        Asked asked() {
            return new Asked("cutover", "", false);
        }
    }

    /// Moves writes back.
    @Command(
            name = "rollback",
            description = "Moves writes back to the source; prints the write pause.")
    static final class Rollback extends Ask {
        @Override
        Asked asked() {
            return new Asked("rollback", "", false);
        }
    }

    /// Ends the way back.
    @Command(
            name = "complete",
            description = "Applies the contract folder, ends the way back and cleans up.")
    static final class Complete extends Ask {
        @Override
        Asked asked() {
            return new Asked("complete", "", false);
        }
    }

    /// Gives up.
    @Command(
            name = "abort",
            description =
                    "Gives up and cleans up; the rows that the run brought are taken out of the"
                            + " target again.")
    static final class Abort extends Ask {
        @Option(names = "--keep-target", description = "Leave the target's rows where they are.")
        boolean keepTarget;

        @Override
        Asked asked() {
            return new Asked("abort", "", keepTarget);
        }
    }
}
