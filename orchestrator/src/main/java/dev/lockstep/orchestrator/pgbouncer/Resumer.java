package dev.lockstep.orchestrator.pgbouncer;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.gate.GateSpec;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A process beside this one that resumes PgBouncers when this one dies, or is still not done when
/// the pause should long be over.
///
/// It is told by a pipe: whatever ends this process, the pipe ends with it.
public final class Resumer implements AutoCloseable {
    private static final Duration START_MAX = Duration.ofSeconds(20);
    private static final List<String> NOT_FOR_IT =
            List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH");

    /// Those that were left on their own.
    private static final Queue<Process> LEFT = new ConcurrentLinkedQueue<>();

    private final Process process;
    private final DataOutputStream out;

    private Resumer(Process process) {
        this.process = process;
        this.out = new DataOutputStream(process.getOutputStream());
    }

    /// Starts it; nothing is paused before it says that it is ready.
    ///
    /// @param pauseMax how long a pause may last once [#arm] was called
    public static Resumer start(List<GateSpec.PgBouncer> all, Duration pauseMax) {
        // What is about to be paused is nothing that an earlier one may resume.
        for (Process left = LEFT.poll(); left != null; left = LEFT.poll()) {
            left.destroyForcibly();
        }
        Resumer resumer = null;
        try {
            resumer = new Resumer(builder().start());
            resumer.tell(all, pauseMax);
            resumer.awaitReady();
            return resumer;
        } catch (IOException e) {
            if (resumer != null) {
                resumer.process.destroyForcibly();
            }
            throw new LockstepException(
                    Fault.SWITCH_FAILED,
                    ("the process that would resume PgBouncer if this one died cannot be started:"
                                    + " %s; nothing was paused")
                            .formatted(e.getMessage()),
                    e);
        }
    }

    private static ProcessBuilder builder() {
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx32m",
                        "-Xshare:auto",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-UsePerfData",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ResumerProcess.class.getName());
        builder.environment().keySet().removeAll(NOT_FOR_IT);
        builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        return builder;
    }

    /// Passwords go through the pipe, where nobody else sees them.
    private void tell(List<GateSpec.PgBouncer> all, Duration pauseMax) throws IOException {
        out.writeLong(pauseMax.toMillis());
        out.writeInt(all.size());
        for (GateSpec.PgBouncer each : all) {
            out.writeUTF(each.console().host());
            out.writeInt(each.console().port());
            out.writeUTF(each.console().user());
            out.writeUTF(each.console().password().reveal());
            out.writeUTF(each.database());
        }
        out.flush();
    }

    private void awaitReady() throws IOException {
        CompletableFuture<Integer> answer = new CompletableFuture<>();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        answer.complete(process.getInputStream().read());
                    } catch (IOException e) {
                        answer.completeExceptionally(e);
                    }
                });
        try {
            if (answer.get(START_MAX.toMillis(), TimeUnit.MILLISECONDS) != ResumerProcess.READY) {
                throw new IOException("it has ended");
            }
        } catch (TimeoutException e) {
            throw new IOException("it was not ready within " + START_MAX.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            throw new IOException("it cannot be heard", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /// The pause begins.
    public void arm() {
        say(ResumerProcess.ARM);
    }

    /// All is resumed; there is nothing left to do for it.
    public void dismiss() {
        try {
            say(ResumerProcess.DISMISS);
        } catch (LockstepException e) {
            // It has ended already.
        }
    }

    private void say(int word) {
        try {
            out.writeByte(word);
            out.flush();
        } catch (IOException e) {
            throw new LockstepException(
                    Fault.SWITCH_FAILED,
                    "the process that would resume PgBouncer if this one died has ended",
                    e);
        }
    }

    /// From here on it is on its own: it resumes whatever is paused, unless it was dismissed, and
    /// ends.
    @Override
    public void close() {
        LEFT.add(process);
        try {
            out.close();
        } catch (IOException e) {
            // It has ended already.
        }
    }
}
