package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.kill.ClassPath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// A command in a process of its own, as the launcher starts it, with options for a short life.
final class Child implements AutoCloseable {
    /// An orderly end is given half a minute, after which the process just dies.
    private static final Duration ORDERLY = Duration.ofSeconds(28);

    private final Process process;
    private final Path out;
    private final Path err;

    private Child(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    /// A parent may have its children ignore Ctrl-C; this one does not.
    static Child start(Path folder, String command, Move move) throws IOException {
        String java = ProcessHandle.current().info().command().orElseThrow();
        Path out = Files.createTempFile(folder, command, ".out");
        Path err = Files.createTempFile(folder, command, ".err");
        List<String> words = new ArrayList<>(List.of("env", "--default-signal=INT", java));
        words.addAll(ClassPath.options());
        words.addAll(
                List.of(
                        "-Xmx512m",
                        "-Dlogback.configurationFile=logback.xml",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        ClassPath.OF_JARS,
                        Main.class.getName(),
                        command,
                        move.plan().toString()));
        Process process =
                new ProcessBuilder(words)
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile())
                        .start();
        return new Child(process, out, err);
    }

    /// Waits for a condition that is to come true while the process lives.
    void await(String what, BooleanSupplier condition) {
        LiveRun.await(
                what,
                () -> {
                    assertThat(process.isAlive()).as("%s", this).isTrue();
                    return condition.getAsBoolean();
                });
    }

    /// Ctrl-C.
    void interrupt() throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start();
        assertThat(kill.waitFor()).isZero();
    }

    /// What it tells when it is interrupted and ends for that.
    String interrupted() throws IOException, InterruptedException {
        interrupt();
        Told told = ended();
        assertThat(told.exit()).as("%s", told).isEqualTo(130);
        assertThat(told.out()).isEmpty();
        return told.err().strip();
    }

    /// What it told until its end, which is near.
    Told ended() throws InterruptedException {
        boolean ended = process.waitFor(ORDERLY.toSeconds(), TimeUnit.SECONDS);
        assertThat(ended).as("ended within %s: %s", ORDERLY, this).isTrue();
        assertThat(said()).doesNotContain("Exception", "\tat ");
        return new Told(process.exitValue(), read(out), said());
    }

    /// What it said besides its answer, so far.
    String said() {
        return read(err);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What a test that fails leaves would go on beside the others.
    @Override
    public void close() {
        process.destroyForcibly();
    }

    @Override
    public String toString() {
        return "process %d, which said: %s".formatted(process.pid(), said());
    }
}
