package dev.lockstep.orchestrator.cli;

import dev.lockstep.orchestrator.run.Json;
import dev.lockstep.orchestrator.run.Requests.Outcome;
import dev.lockstep.plans.fault.ExitCode;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.plan.PlanFile;
import dev.lockstep.plans.sql.Db;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// A command about one plan.
abstract class PlanCommand implements Callable<Integer> {
    @Parameters(paramLabel = "PLAN", description = "The plan file.")
    Path planFile = Path.of("");

    @Spec CommandSpec spec = CommandSpec.create();

    Plan plan() {
        return PlanFile.read(planFile, System.getenv());
    }

    Db target(Plan plan) {
        return Db.of(plan.target(), "lockstep " + plan.name());
    }

    Db source(Plan plan) {
        return Db.of(plan.source(), "lockstep " + plan.name());
    }

    void print(String text) {
        spec.commandLine().getOut().println(text);
        spec.commandLine().getOut().flush();
    }

    /// Says what is worth a line beside the result.
    void tell(String text) {
        spec.commandLine().getErr().println("lockstep: " + text);
        spec.commandLine().getErr().flush();
    }

    /// Whether results are printed as one JSON document.
    boolean isJson() {
        return false;
    }

    /// Tells a fault and gives its exit code.
    int report(LockstepException e, int exit) {
        if (isJson()) {
            print(Json.write(new Outcome(exit, e.told())));
        }
        tell(e.told());
        return exit;
    }

    /// As [#report], for what came before anything was begun.
    int refuse(LockstepException e) {
        return report(e, ExitCode.atStart(e.fault()));
    }

    /// As the other. Where one database refused the login it says of the other, too, what would be
    /// in the way next.
    int refuse(LockstepException e, Plan plan) {
        return refuse(e.fault() == Fault.LOGIN_REFUSED ? ofBoth(e, plan) : e);
    }

    private LockstepException ofBoth(LockstepException first, Plan plan) {
        List<String> refusals = new ArrayList<>();
        for (Db db : List.of(source(plan), target(plan))) {
            try (db;
                    var _ = db.session("login")) {
                // It lets us in.
            } catch (LockstepException e) {
                refusals.add(e.text());
            }
        }
        return refusals.size() < 2
                ? first
                : new LockstepException(
                        first.fault(),
                        "neither database can be used:\n  - " + String.join("\n  - ", refusals));
    }
}
