package dev.lockstep.orchestrator.gate;

import dev.lockstep.orchestrator.gate.Passage.Occasion;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.gate.GateSpec.Action.Command;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A command of the operator's, as a process that ends in time or is ended, with all that it has
/// started.
final class CommandHook {
    private static final int OUTPUT_MAX = 1_000;
    private static final Duration LAST_WORDS = Duration.ofMillis(200);

    /// All that is passed on of this process' environment, which may hold the plan's secrets.
    private static final Pattern PASSED =
            Pattern.compile("PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR");

    private final Passage passage;
    private final Occasion occasion;

    CommandHook(Passage passage, Occasion occasion) {
        this.passage = passage;
        this.occasion = occasion;
    }

    /// Whether the program can be found.
    static boolean isThere(Command command, Path folder) {
        String program = command.words().getFirst();
        Stream<Path> places =
                program.contains("/")
                        ? Stream.of(folder.resolve(program))
                        : Stream.of(
                                        System.getenv()
                                                .getOrDefault("PATH", "")
                                                .split(File.pathSeparator, -1))
                                .map(each -> Path.of(each, program));
        return places.anyMatch(file -> Files.isRegularFile(file) && Files.isExecutable(file));
    }

    /// Performs the command; says what went wrong, if anything.
    Optional<String> failureOf(Command command, Duration atMost) {
        Process process;
        try {
            process = builder(command).start();
            process.getOutputStream().close();
        } catch (IOException e) {
            return Optional.of("cannot be started: " + e.getMessage());
        }
        Output output = new Output(process.getInputStream());
        Thread reader = Thread.ofVirtual().name("hook output").start(output);
        try {
            boolean ended = process.waitFor(atMost.toNanos(), TimeUnit.NANOSECONDS);
            if (!ended) {
                end(process);
            }
            // Whoever it has left behind may keep the output open.
            reader.join(LAST_WORDS);
            if (!ended) {
                return Optional.of(
                        "did not end within %d ms and was ended%s"
                                .formatted(atMost.toMillis(), output.told()));
            }
            return process.exitValue() == 0
                    ? Optional.empty()
                    : Optional.of("ended with %d%s".formatted(process.exitValue(), output.told()));
        } catch (InterruptedException e) {
            end(process);
            Thread.currentThread().interrupt();
            throw new LockstepException(
                    Fault.INTERRUPTED, "hook %s was interrupted".formatted(occasion), e);
        }
    }

    private ProcessBuilder builder(Command command) {
        List<String> words = new ArrayList<>(command.words());
        if (words.getFirst().contains("/")) {
            words.set(0, passage.folder().resolve(words.getFirst()).toString());
        }
        ProcessBuilder builder =
                new ProcessBuilder(words)
                        .directory(passage.folder().toFile())
                        .redirectErrorStream(true);
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(name -> !PASSED.matcher(name).matches());
        environment.putAll(passage.environment(occasion));
        return builder;
    }

    private static void end(Process process) {
        List<ProcessHandle> started = process.descendants().toList();
        process.destroyForcibly();
        started.forEach(ProcessHandle::destroyForcibly);
    }

    /// The end of what a process has written.
    private static final class Output implements Runnable {
        private final InputStream in;
        private final StringBuilder end = new StringBuilder();

        Output(InputStream in) {
            this.in = in;
        }

        @Override
        public void run() {
            byte[] piece = new byte[OUTPUT_MAX];
            try (in) {
                for (int read = in.read(piece); read >= 0; read = in.read(piece)) {
                    add(new String(piece, 0, read, StandardCharsets.UTF_8));
                }
            } catch (IOException e) {
                // It is over.
            }
        }

        private synchronized void add(String text) {
            end.append(text);
            if (end.length() > OUTPUT_MAX) {
                end.delete(0, end.length() - OUTPUT_MAX);
            }
        }

        synchronized String told() {
            String text = end.toString().strip();
            return text.isEmpty() ? " and wrote nothing" : "; it wrote: " + text;
        }
    }
}
