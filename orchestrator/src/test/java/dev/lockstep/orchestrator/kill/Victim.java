package dev.lockstep.orchestrator.kill;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.TimeZone;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The process that is killed, and the one that comes after it: a [HookedRun].
///
/// It says `reached POINT` on standard output and stands still there until it is told to go on.
public final class Victim implements HookedRun.Hook {
    /// Where a run is in step and all switches are done.
    static final String SETTLED = "settled";

    private static final Logger LOG = LoggerFactory.getLogger(Victim.class);
    private static final long START = System.nanoTime();

    private final String point;
    private boolean stood;

    private Victim(String point) {
        this.point = point;
    }

    /// Arguments: the plan's file, the point to stop at, how many switches, the last command.
    public static void main(String[] arguments) {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        int exit = 1;
        try {
            new HookedRun(
                            Path.of(arguments[0]),
                            Integer.parseInt(arguments[2]),
                            arguments[3],
                            new Victim(arguments[1]))
                    .work();
            exit = 0;
        } catch (RuntimeException | AssertionError e) {
            LOG.error("the run stopped", e);
        } finally {
            System.exit(exit);
        }
    }

    @Override
    public void reached(String name) {
        say("at " + name);
        if (name.equals(SETTLED)) {
            tell(name);
        } else if (name.equals(point) && !stood) {
            stood = true;
            tell(name);
            readWord();
        }
    }

    @Override
    public boolean mayEnd() {
        try {
            if (System.in.available() == 0) {
                return false;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        readWord();
        return true;
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

    @Override
    public void say(String text) {
        System.err.printf("%5d ms %s%n", (System.nanoTime() - START) / 1_000_000, text);
    }
}
