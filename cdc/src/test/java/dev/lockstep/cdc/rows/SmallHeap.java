package dev.lockstep.cdc.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.Replication;
import dev.lockstep.cdc.StreamFixture;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Secret;
import dev.lockstep.testing.Pair;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A stream in a process of its own with little memory, broker included.
final class SmallHeap {
    private static final Duration LONG = Duration.ofMinutes(30);
    private static final String READY = "ready";

    private SmallHeap() {}

    /// What became of it: its exit code and what it said.
    record Told(int exit, String text) {}

    /// Has the stream between `pair` carried while `work` is done, with a heap of so many MiB.
    static Told carry(Pair pair, int heap, Runnable work) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.addAll(
                List.of(
                        "-Xmx" + heap + "m",
                        "-XX:TieredStopAtLevel=1",
                        "-Duser.timezone=UTC",
                        "-cp"));
        command.add(
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path")));
        command.add(SmallHeap.class.getName());
        for (Db db : List.of(pair.source(), pair.target())) {
            Endpoint endpoint = db.endpoint();
            command.addAll(List.of(endpoint.url(), endpoint.user(), endpoint.password().reveal()));
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (BufferedReader said = process.inputReader(StandardCharsets.UTF_8)) {
            StringBuilder text = new StringBuilder();
            for (String line = said.readLine(); line != null; line = said.readLine()) {
                text.append(line).append('\n');
                if (line.equals(READY)) {
                    work.run();
                    process.outputWriter().close();
                }
            }
            assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
            return new Told(process.exitValue(), text.toString());
        } finally {
            process.destroyForcibly();
        }
    }

    /// Says that it is ready, and carries everything that has happened when its input ends.
    @SuppressWarnings("CatchAndPrintStackTrace") // what it says is what the test looks at
    public static void main(String[] arguments) {
        int exit = 1;
        Pair pair = Pair.of(db(arguments, 0), db(arguments, 3));
        try (Replication stream = new StreamFixture(pair).openStrict()) {
            stream.drain(LONG);
            System.out.println(READY);
            awaitEnd();
            stream.drain(LONG);
            exit = 0;
        } catch (Exception e) {
            e.printStackTrace();
        }
        // The broker's threads would keep the process.
        System.exit(exit);
    }

    private static Db db(String[] arguments, int from) {
        return Db.of(
                new Endpoint(arguments[from], arguments[from + 1], new Secret(arguments[from + 2])),
                "test");
    }

    private static void awaitEnd() throws IOException {
        try (var in = new InputStreamReader(System.in, StandardCharsets.UTF_8)) {
            while (in.read() >= 0) {
                Thread.onSpinWait();
            }
        }
    }
}
