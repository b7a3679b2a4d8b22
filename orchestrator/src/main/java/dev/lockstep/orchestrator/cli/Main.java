package dev.lockstep.orchestrator.cli;

import dev.lockstep.orchestrator.Version;
import dev.lockstep.plans.fault.ExitCode;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.time.InstantSource;
import java.util.Locale;
import java.util.TimeZone;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;

/// `lockstep COMMAND [PLAN] [options]`.
@Command(
        name = "lockstep",
        description = "Moves live PostgreSQL databases with no downtime and a way back.",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        version = "lockstep " + Version.TEXT,
        subcommands = {
            DemoCommand.class,
            RunCommand.class,
            StatusCommand.class,
            AskCommands.Validate.class,
            AskCommands.Cutover.class,
            AskCommands.Rollback.class,
            AskCommands.Complete.class,
            AskCommands.Abort.class,
            JournalCommand.class
        })
public final class Main {
    private Main() {}

    /// Runs one command and exits with its code.
    public static void main(String[] arguments) {
        System.exit(execute(printer(System.out), printer(System.err), arguments));
    }

    /// Runs one command and returns its exit code; results go to `out`, messages to `err`.
    static int execute(PrintWriter out, PrintWriter err, String... arguments) {
        // Nothing that is carried may depend on where this process happens to run.
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        Locale.setDefault(Locale.ROOT);
        CommandLine line =
                new CommandLine(new Main())
                        .setOut(out)
                        .setErr(err)
                        .setExecutionExceptionHandler((e, command, _) -> failed(e, command));
        line.setExecutionStrategy(Main::perform);
        return line.execute(arguments);
    }

    private static int perform(ParseResult parsed) {
        Integer helped = CommandLine.executeHelpRequest(parsed);
        if (helped != null) {
            return helped;
        }
        return parsed.hasSubcommand()
                ? new CommandLine.RunLast().execute(parsed)
                : usage(parsed.commandSpec().commandLine());
    }

    private static PrintWriter printer(PrintStream stream) {
        return new PrintWriter(stream, true, stream.charset());
    }

    private static int usage(CommandLine line) {
        line.usage(line.getErr());
        return ExitCode.INVALID;
    }

    private static int failed(Exception e, CommandLine line) {
        LockstepException fault =
                e instanceof LockstepException own
                        ? own
                        : new LockstepException(Fault.INTERNAL, "internal error: " + e, e);
        int exit = ExitCode.of(fault.fault());
        if (line.getCommand() instanceof PlanCommand command) {
            return command.report(fault, exit);
        }
        line.getErr().println("lockstep: " + fault.told());
        return exit;
    }

    /// The one clock of the process.
    static InstantSource clock() {
        return InstantSource.system();
    }
}
