package dev.lockstep.orchestrator.cli;

import dev.lockstep.orchestrator.asking.Asking;
import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.Asked.Option;
import dev.lockstep.orchestrator.run.Json;
import dev.lockstep.orchestrator.run.Requests.Outcome;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The commands that ask something of a run: of the process that works on it, or, where there is
/// none, they do it themselves.
final class AskCommands {
    private AskCommands() {}

    /// What they have in common.
    abstract static class Ask extends PlanCommand {
        @CommandLine.Option(names = "--json", description = "Print one JSON document.")
        boolean json;

        @Override
        boolean isJson() {
            return json;
        }

        abstract Asked asked();

        static Asked asked(String command, String table, Option option, boolean wanted) {
            String by = "%s, process %d".formatted(user(), ProcessHandle.current().pid());
            return new Asked(command, table, wanted ? Set.of(option) : Set.of(), by);
        }

        /// What is worth a line while the answer is waited for.
        private Watcher teller() {
            return new Watcher() {
                @Override
                public void say(String text) {
                    tell(text);
                }
            };
        }

        private static String user() {
            return System.getProperty("user.name", "somebody");
        }

        @Override
        public Integer call() {
            Plan plan = plan();
            try (Db source = source(plan);
                    Db target = target(plan);
                    Asking asking = new Asking(plan, source, target, Main.clock())) {
                return ask(asking, plan);
            } catch (LockstepException e) {
                return refuse(e);
            }
        }

        /// Tells what came of it, while the process lives for that.
        private int ask(Asking asking, Plan plan) {
            try {
                Outcome outcome = asking.ask(asked(), teller());
                if (json) {
                    print(Json.write(outcome));
                } else if (outcome.exit() == 0) {
                    print(outcome.text());
                } else {
                    tell(outcome.text());
                }
                return outcome.exit();
            } catch (LockstepException e) {
                return refuse(e, plan);
            }
        }
    }

    /// Compares the databases now.
    @Command(
            name = "validate",
            description = "Compares the databases now; exits with 3 where they differ.")
    static final class Validate extends Ask {
        @CommandLine.Option(
                names = "--table",
                paramLabel = "T",
                description = "Only this one, schema.table.")
        String table = "";

        @CommandLine.Option(
                names = "--repair",
                description = "Copy again what differs on the standby, and compare once more.")
        boolean repair;

        @Override
        Asked asked() {
            return asked("validate", table, Option.REPAIR, repair);
        }
    }

    /// What is refused where the databases differ.
    abstract static class AskOfEqual extends Ask {
        @CommandLine.Option(
                names = "--accept-differences",
                description =
                        "Do it although the databases differ; the journal keeps who wanted that.")
        boolean acceptDifferences;

        Asked accepting(String command) {
            return asked(command, "", Option.ACCEPT_DIFFERENCES, acceptDifferences);
        }
    }

    /// Moves writes to the target.
    @Command(name = "cutover", description = "Moves writes to the target; prints the write pause.")
    static final class Cutover extends AskOfEqual {
        @Override
        Asked asked() {
            return accepting("cutover");
        }
    }

    /// Moves writes back.
    @Command(
            name = "rollback",
            description = "Moves writes back to the source; prints the write pause.")
    static final class Rollback extends AskOfEqual {
        @Override
        Asked asked() {
            return accepting("rollback");
        }
    }

    /// Ends the way back.
    @Command(
            name = "complete",
            description = "Applies the contract folder, ends the way back and cleans up.")
    static final class Complete extends AskOfEqual {
        @Override
        Asked asked() {
            return accepting("complete");
        }
    }

    /// Gives up.
    @Command(
            name = "abort",
            description =
                    "Gives up and cleans up; the rows that the run brought are taken out of the"
                            + " target again.")
    static final class Abort extends Ask {
        @CommandLine.Option(
                names = "--keep-target",
                description = "Leave the target's rows where they are.")
        boolean keepTarget;

        @Override
        Asked asked() {
            return asked("abort", "", Option.KEEP_TARGET, keepTarget);
        }
    }
}
