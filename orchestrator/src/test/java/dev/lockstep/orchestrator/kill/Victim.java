package dev.lockstep.orchestrator.kill;

import dev.lockstep.orchestrator.conduct.Commands;
import dev.lockstep.orchestrator.conduct.Commands.Asked;
import dev.lockstep.orchestrator.conduct.Conductor;
import dev.lockstep.orchestrator.conduct.OpenRun;
import dev.lockstep.orchestrator.conduct.Serving;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.RunState.Switching;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.run.Stop;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.plan.PlanFile;
import dev.lockstep.plans.sql.Db;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.TimeZone;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The process that is killed, and the one that comes after it. Brings a run into step, switches
/// until so many switches are done, and ends it with a command.
///
/// It says `reached POINT` on standard output and stands still there until it is told to go on.
public final class Victim {
    /// Where a run is in step and all switches are done.
    static final String SETTLED = "settled";

    private static final Logger LOG = LoggerFactory.getLogger(Victim.class);
    private static final long START = System.nanoTime();

    private final Plan plan;
    private final String point;
    private final int switches;
    private final String end;
    private boolean stood;

    private Victim(String[] arguments) {
        this.plan = PlanFile.read(Path.of(arguments[0]), Map.of());
        this.point = arguments[1];
        this.switches = Integer.parseInt(arguments[2]);
        this.end = arguments[3];
    }

    /// Arguments: the plan's file, the point to stop at, how many switches, the last command.
    public static void main(String[] arguments) {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        int exit = 1;
        try {
            new Victim(arguments).work();
            exit = 0;
        } catch (RuntimeException | AssertionError e) {
            LOG.error("the run stopped", e);
        } finally {
            System.exit(exit);
        }
    }

    private void work() {
        try (Db source = Db.of(plan.source(), "lockstep " + plan.name());
                Db target = Db.of(plan.target(), "lockstep " + plan.name())) {
            if (!OpenRun.isOver(plan, source, target)) {
                work(source, target);
            }
        }
    }

    private void work(Db source, Db target) {
        try (OpenRun open =
                OpenRun.take(plan, source, target, OpenRun.folder(plan), InstantSource.system())) {
            reached("planned");
            Stop stop = new Stop();
            open.lease().keep(stop::ask);
            Watcher watcher = new Reporting();
            Conductor conductor = new Conductor(open.run(), stop, watcher);
            conductor.listenTo(step -> reached(name(step, conductor.state())));
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
        while (conductor.state() instanceof InStep inStep && inStep.stream() < switches) {
            String command = inStep.active() == Side.SOURCE ? "cutover" : "rollback";
            say(commands.perform(new Asked(command, "", false)).text());
        }
        if (conductor.state() instanceof InStep) {
            awaitWord(conductor, stop);
            say(commands.perform(new Asked(end, "", false)).text());
        }
        return conductor.state().isFinal();
    }

    /// Stands in step, as a run in the foreground does.
    private static void awaitWord(Conductor conductor, Stop stop) throws InterruptedException {
        tell(SETTLED);
        try {
            while (System.in.available() == 0) {
                conductor.flowing().throwIfFailed();
                stop.pause(Duration.ofMillis(20));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        readWord();
    }

    private void reached(String name) {
        say("at " + name);
        if (name.equals(point) && !stood) {
            stood = true;
            tell(name);
            readWord();
        }
    }

    private static void readWord() {
        try {
            if (System.in.read() < 0) {
                Runtime.getRuntime().halt(1);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void tell(String name) {
        System.out.println("reached " + name);
    }

    private static void say(String text) {
        System.err.printf("%5d ms %s%n", (System.nanoTime() - START) / 1_000_000, text);
    }

    private final class Reporting implements Watcher {
        @Override
        public void entered(RunState state) {
            reached(state.label());
        }

        @Override
        public void say(String text) {
            Victim.say(text);
        }
    }
}
