package dev.lockstep.orchestrator.cli;

import dev.lockstep.orchestrator.console.Console;
import dev.lockstep.orchestrator.demo.Demo;
import dev.lockstep.orchestrator.demo.Proof;
import dev.lockstep.orchestrator.demo.ProofTable;
import dev.lockstep.orchestrator.demo.ShopSize;
import dev.lockstep.plans.fault.ExitCode;
import dev.lockstep.plans.fault.LockstepException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// The whole story on embedded parts.
@Command(
        name = "demo",
        description = {
            "Moves a shop's database between two embedded PostgreSQL servers under load.",
            "Copies, catches up, verifies, cuts over, rolls back, cuts over, completes; then "
                    + "proves the result."
        })
final class DemoCommand implements Callable<Integer> {
    @Option(
            names = "--rows",
            paramLabel = "N",
            description = "Rows of the shop, about. Default: ${DEFAULT-VALUE}.")
    long rows = 1_000_000;

    @Spec CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        if (rows < ShopSize.ROWS_MIN) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--rows: found %d, expected %d or more".formatted(rows, ShopSize.ROWS_MIN));
        }
        try {
            List<Proof.Check> checks = play();
            ProofTable.print(System.out, checks);
            boolean passed = checks.stream().allMatch(Proof.Check::passed);
            return passed ? ExitCode.DONE : ExitCode.FAILED;
        } catch (LockstepException e) {
            spec.commandLine().getErr().println("lockstep: " + e.told());
            return ExitCode.FAILED;
        }
    }

    private List<Proof.Check> play() {
        try (Console console = Console.standardError(Main.clock())) {
            return new Demo(rows, console, new ConsoleWatcher(console), Main.clock()).play();
        }
    }
}
