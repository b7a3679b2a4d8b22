package dev.lockstep.orchestrator.kill;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/// A [Victim] as its killer sees it.
final class VictimProcess implements AutoCloseable {
    private final Process process;
    private final Path errors;
    private final List<String> said = new CopyOnWriteArrayList<>();

    private VictimProcess(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
    }

    /// @param arguments those of [Victim] after the plan
    static VictimProcess start(Path plan, String... arguments) {
        return start(ClassPath.options(), plan, arguments);
    }

    /// As [#start], of one that ends by itself: it may have to leave behind with which others start
    /// sooner.
    static VictimProcess heir(Path plan, String... arguments) {
        if (!ClassPath.mayTrain()) {
            return start(plan, arguments);
        }
        VictimProcess heir = start(ClassPath.trainingOptions(), plan, arguments);
        var _ =
                heir.process
                        .onExit()
                        .thenAccept(ended -> {
                            if (ended.exitValue() == 0) {
                                ClassPath.trained();
                            }
                        });
        return heir;
    }

    private static VictimProcess start(List<String> options, Path plan, String... arguments) {
        try {
            Path errors = Files.createTempFile(plan.getParent(), "victim", ".err");
            Process process =
                    builder(options, plan, arguments).redirectError(errors.toFile()).start();
            VictimProcess victim = new VictimProcess(process, errors);
            Thread.ofVirtual().start(victim::listen);
            return victim;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ProcessBuilder builder(List<String> options, Path plan, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx256m");
        command.addAll(options);
        command.addAll(List.of(Victim.class.getName(), plan.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.directory(new File(plan.toFile().getParent()));
        builder.environment().put("CLASSPATH", ClassPath.OF_JARS);
        builder.environment().remove("LOCKSTEP_STATE");
        return builder;
    }

    private void listen() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                said.add(line);
            }
        } catch (IOException e) {
            said.add("cannot be heard any more: " + e);
        }
    }

    /// Waits until it stands at a point.
    void awaitReached(String point) {
        String line = "reached " + point;
        Waiting.until(
                "process says \"" + line + "\"",
                () -> {
                    boolean alive = process.isAlive();
                    if (said.contains(line)) {
                        return true;
                    }
                    if (!alive) {
                        throw new AssertionError(
                                "the process has ended before it " + line + "\n" + situation());
                    }
                    return false;
                },
                this::situation);
    }

    /// Has it go on from where it stands.
    void go() {
        try {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(situation(), e);
        }
    }

    /// SIGSTOP: it stands still, and its connections stay open.
    void suspend() {
        signal("STOP");
    }

    /// SIGCONT, with the word to go on from where it stood.
    void wake() {
        go();
        signal("CONT");
    }

    private void signal(String signal) {
        try {
            new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// SIGKILL: nothing in the process hears of it.
    void kill() {
        process.destroyForcibly();
        awaitExit(128 + 9);
    }

    void awaitExit(int code) {
        Waiting.until("process ends", () -> !process.isAlive(), this::situation);
        if (process.exitValue() != code) {
            throw new AssertionError(
                    "exit code %d, expected %d\n%s"
                            .formatted(process.exitValue(), code, situation()));
        }
    }

    /// What it wrote, and where its threads are.
    String situation() {
        try {
            if (process.isAlive()) {
                new ProcessBuilder("kill", "-QUIT", Long.toString(process.pid())).start().waitFor();
                process.waitFor(3, TimeUnit.SECONDS);
            }
            return "standard output:\n%s\nstandard error:\n%s"
                    .formatted(String.join("\n", said), Files.readString(errors));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
