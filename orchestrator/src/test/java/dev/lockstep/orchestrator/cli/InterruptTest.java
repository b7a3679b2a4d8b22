package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Ctrl-C: a process that works on a run ends in order, and the next one goes on.
class InterruptTest {
    private static final String SLOW =
            """
            schema: { copy: none }
            backfill: { workers: 1, chunk: 8KiB, rows-per-second: 1 }
            """;

    /// An orderly end is given half a minute, after which the process just dies.
    private static final Duration ORDERLY = Duration.ofSeconds(28);

    private final Pair pair = Pair.create();
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        pair.close();
    }

    /// A process of its own, as the launcher starts it. A parent may have its children ignore
    /// Ctrl-C.
    private Process process(String command, Move move) throws IOException {
        String java = ProcessHandle.current().info().command().orElseThrow();
        String classes = System.getProperty("java.class.path");
        List<String> words =
                List.of(
                        "env",
                        "--default-signal=INT",
                        java,
                        "-Xmx512m",
                        "-Dlogback.configurationFile=logback.xml",
                        "--sun-misc-unsafe-memory-access=allow",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        classes,
                        Main.class.getName(),
                        command,
                        move.plan().toString());
        return new ProcessBuilder(words)
                .redirectOutput(file("out").toFile())
                .redirectError(file("err").toFile())
                .start();
    }

    private Path file(String name) {
        return folder.resolve(name + ".txt");
    }

    private void await(Process process, Move move, String state) {
        LiveRun.await(
                "state " + state,
                () -> {
                    assertThat(process.isAlive()).as("%s", file("err")).isTrue();
                    return Status.of(move).state().equals(state);
                });
    }

    private void interrupt(Process process) throws IOException, InterruptedException {
        assertThat(told(process))
                .endsWith("the run is kept as it is, `run` goes on with it [INTERRUPTED]");
    }

    /// What it tells when it is interrupted.
    private String told(Process process) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start();
        assertThat(kill.waitFor()).isZero();
        boolean ended = process.waitFor(ORDERLY.toSeconds(), TimeUnit.SECONDS);
        assertThat(ended).as("ended within %s", ORDERLY).isTrue();
        assertThat(process.exitValue()).isEqualTo(130);
        assertThat(Files.readString(file("out"))).isEmpty();
        String told = Files.readString(file("err")).strip();
        assertThat(told).doesNotContain("Exception", "\tat ");
        return told;
    }

    private static final String LOCK = "LOCK TABLE public.item IN ROW EXCLUSIVE MODE";
    private static final String HELD =
            """
            schema: { copy: none }
            cutover:
              max-pause: 60s
              gate:
                hooks:
                  hold: { run: [touch, held], undo: { run: [rm, held] } }
            """;

    /// No other process has the run; who is held waits for this one.
    @Test
    void anInterruptedSwitchLetsClientsGo() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        Move move = Move.of(folder, pair, HELD);
        move.told("run", "--until", "in-step").done();
        try (Session writer = pair.source().session("writer")) {
            writer.begin();
            writer.run(LOCK);
            Process cutover = process("cutover", move);
            LiveRun.await(
                    "the switch at its locks",
                    () -> Files.exists(folder.resolve("held")) && isFencing());
            interrupt(cutover);
            assertThat(Files.readString(file("err")))
                    .contains("the switch was undone, writes go on where they were");
            assertThat(folder.resolve("held")).doesNotExist();
            writer.run("INSERT INTO public.item VALUES (1)");
            writer.commit();
        }
        Status status = Status.of(move);
        assertThat(status.state()).isEqualTo("in-step");
        assertThat(status.active()).isEqualTo("source");
        move.told("cutover").done();
    }

    /// The process that works on the run leaves it, and goes on with the run.
    @Test
    void aSwitchThatIsTakenBackIsUndone() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        Move move = Move.of(folder, pair, HELD);
        try (LiveRun _ = LiveRun.inStep(move);
                Session writer = pair.source().session("writer")) {
            writer.begin();
            writer.run(LOCK);
            Process cutover = process("cutover", move);
            LiveRun.await(
                    "the switch at its locks",
                    () -> Files.exists(folder.resolve("held")) && isFencing());
            isTakenBack(cutover, "cutover was taken back, and nothing has come of it");
            assertThat(folder.resolve("held")).doesNotExist();
            writer.run("INSERT INTO public.item VALUES (1)");
            writer.commit();
            move.told("validate").done();
            assertThat(Status.of(move).active()).isEqualTo("source");
            assertThat(move.told("cutover").done()).contains("write pause");
        }
        assertThat(Pair.rows(pair.target(), "SELECT id FROM item")).containsExactly("(1)");
    }

    @Test
    void aVerificationThatIsTakenBackIsLeft() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        Move move = Move.of(folder, pair, HELD);
        try (LiveRun _ = LiveRun.inStep(move);
                Session writer = pair.source().session("writer")) {
            writer.begin();
            writer.run("INSERT INTO public.item VALUES (1)");
            Process validate = process("validate", move);
            LiveRun.await(
                    "the verification waits for it",
                    () -> Status.of(move).text().contains("pid " + writer.backendPid()));
            isTakenBackBeforeItsTurn(move);
            isTakenBack(validate, "validate was taken back");
            writer.commit();
            assertThat(move.told("validate").done()).contains("1 row of 1 table");
        }
    }

    private void isTakenBackBeforeItsTurn(Move move) throws Exception {
        CompletableFuture<Told> told = new CompletableFuture<>();
        Thread asker = Thread.ofPlatform().start(() -> told.complete(move.told("validate")));
        LiveRun.await(
                "both are asked",
                () -> Pair.rows(pair.target(), "SELECT 1 FROM lockstep.request").size() == 2);
        asker.interrupt();
        told.get(30, TimeUnit.SECONDS).refused(130, "INTERRUPTED", "and nothing was done");
    }

    private void isTakenBack(Process process, String told) throws Exception {
        assertThat(told(process))
                .contains("` back, as far as it still can be")
                .endsWith(told + "; the run is in-step, active: source [INTERRUPTED]");
    }

    private boolean isFencing() {
        return !Pair.rows(
                        pair.source(),
                        "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE '%fence'"
                                + " AND xact_start IS NOT NULL"
                                + " AND datname = current_database()")
                .isEmpty();
    }

    @Test
    void anInterruptedRunExitsInOrderAndTheNextOneGoesOn() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY, name text)");
        Pair.run(
                pair.source(),
                "INSERT INTO item SELECT n, repeat('x', 400) FROM generate_series(1, 2000) n");
        Move move = Move.alone(folder, pair, SLOW);
        Process copying = process("run", move);
        await(copying, move, "copying");
        interrupt(copying);
        Status status = Status.of(move);
        assertThat(status.state()).isEqualTo("copying");
        assertThat(status.isWorkedOn()).isFalse();
        Pair.run(pair.source(), "DELETE FROM item WHERE id <= 3");
        try (LiveRun next = LiveRun.inStep(move.unthrottled(folder, pair))) {
            Pair.run(pair.source(), "DELETE FROM item WHERE id = 4");
            assertThat(move.told("cutover").done()).contains("writes go to the target");
            assertThat(Pair.rows(pair.target(), "SELECT count(*), min(id) FROM item"))
                    .containsExactly("(1996,5)");
            move.told("complete").done();
            next.ended().done();
        }
        Sides.areLeftClean(pair);
    }
}
