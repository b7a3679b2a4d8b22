package dev.lockstep.orchestrator.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.gate.GateSpec;
import dev.lockstep.plans.gate.GateSpec.Action;
import dev.lockstep.plans.gate.GateSpec.Hook;
import dev.lockstep.plans.gate.GateSpec.Moment;
import dev.lockstep.plans.gate.GateSpec.Server;
import dev.lockstep.plans.sql.Secret;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HooksGateTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    private static final String BODY =
            """
            {"run":"move","step":"hold","undo":false,"maxPauseMillis":20000,\
            "from":{"side":"source","host":"db1","port":5432,"database":"shop"},\
            "to":{"side":"target","host":"db2","port":6000,"database":"sales"}}\
            """;

    @TempDir Path folder;

    private Gate gate(Map<Moment, Hook> hooks) {
        Server from = new Server("db1", 5432, "shop");
        Server to = new Server("db2", 6000, "sales");
        return new HooksGate(
                new GateSpec.Hooks(hooks),
                new Passage("move", folder, Side.SOURCE, new Passage.Ends(from, to), LONG));
    }

    /// A shell's command that writes into the file `done`.
    private static Action sh(String script) {
        return new Action.Command(List.of("sh", "-c", script));
    }

    private static Hook hook(String script, String undo) {
        return new Hook(sh(script), LONG, Optional.of(sh(undo)));
    }

    private List<String> done() throws IOException {
        Path file = folder.resolve("done");
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }

    @Test
    void commandsAreToldOfTheSwitchAndOfNoSecret() throws IOException {
        Gate gate =
                gate(
                        Map.of(
                                Moment.HOLD,
                                hook(
                                        "env | sort > held",
                                        "echo $LOCKSTEP_STEP" + " $LOCKSTEP_UNDO >> done"),
                                Moment.MOVE,
                                hook("echo move to $LOCKSTEP_TO >> done", "false")));

        gate.hold(LONG);
        gate.move();
        gate.release();
        gate.undo();

        assertThat(done()).containsExactly("move to target", "hold true");
        assertThat(Files.readAllLines(folder.resolve("held")))
                .contains(
                        "LOCKSTEP_RUN=move",
                        "LOCKSTEP_STEP=hold",
                        "LOCKSTEP_UNDO=false",
                        "LOCKSTEP_FROM=source",
                        "LOCKSTEP_FROM_HOST=db1",
                        "LOCKSTEP_FROM_PORT=5432",
                        "LOCKSTEP_FROM_DATABASE=shop",
                        "LOCKSTEP_TO=target",
                        "LOCKSTEP_TO_HOST=db2",
                        "LOCKSTEP_TO_PORT=6000",
                        "LOCKSTEP_TO_DATABASE=sales",
                        "LOCKSTEP_MAX_PAUSE_MS=20000")
                .allSatisfy(line ->
                        assertThat(line)
                                .matches(
                                        "(LOCKSTEP_|LC_|(PATH|HOME|USER|LOGNAME|SHELL|LANG|TZ"
                                                + "|TMPDIR|PWD|OLDPWD|SHLVL|_)=).*"));
    }

    @Test
    void aHookThatFailsSaysWhatItWroteAndIsTakenBack() throws IOException {
        Gate gate =
                gate(
                        Map.of(
                                Moment.HOLD,
                                hook("echo not today >&2; exit 3", "true"),
                                Moment.RELEASE,
                                hook("exit 4", "echo undone >> done")));

        assertThatThrownBy(() -> gate.hold(LONG))
                .isInstanceOfSatisfying(
                        LockstepException.class,
                        e -> assertThat(e.fault()).isEqualTo(Fault.SWITCH_FAILED))
                .hasMessage("hook hold: command \"sh\" ended with 3; it wrote: not today");
        assertThatThrownBy(gate::release)
                .isInstanceOfSatisfying(
                        LockstepException.class,
                        e -> assertThat(e.fault()).isEqualTo(Fault.GATE_FAILED))
                .hasMessage("hook release: command \"sh\" ended with 4 and wrote nothing");
        assertThat(done()).containsExactly("undone");
    }

    @Test
    void aCommandThatTakesTooLongIsEndedWithAllThatItStarted() throws IOException {
        Gate gate =
                gate(
                        Map.of(
                                Moment.HOLD,
                                hook("(sleep 2; echo late >> done) & echo waiting; wait", "true")));
        long start = System.nanoTime();

        assertThatThrownBy(() -> gate.hold(Duration.ofMillis(300)))
                .hasMessage(
                        "hook hold: command \"sh\" did not end within 300 ms and was ended; it"
                                + " wrote: waiting");

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
        LockSupport.parkNanos(2_000_000_000L);
        assertThat(done()).isEmpty();
    }

    /// An undo would be ended by the same interrupt, in its middle.
    @Test
    void aHookThatIsInterruptedIsNotTakenBack() {
        Gate gate = gate(Map.of(Moment.MOVE, hook("sleep 20", "echo undone >> done")));

        Thread.currentThread().interrupt();
        assertThatThrownBy(gate::move)
                .isInstanceOfSatisfying(
                        LockstepException.class,
                        e -> assertThat(e.fault()).isEqualTo(Fault.INTERRUPTED))
                .hasMessage("hook move was interrupted");
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void muchOutputIsNoTroubleAndItsEndIsTold() {
        Gate gate =
                gate(
                        Map.of(
                                Moment.HOLD,
                                hook("yes | head -c 1000000; echo the end; exit 1", "true")));

        assertThatThrownBy(() -> gate.hold(LONG))
                .hasMessageEndingWith("the end")
                .satisfies(e -> assertThat(String.valueOf(e.getMessage())).hasSizeLessThan(1_200));
    }

    @Test
    void callsAreMadeAndWantTwoHundred() throws IOException {
        List<String> got = new CopyOnWriteArrayList<>();
        HttpServer server = server(got);
        server.start();
        String base = "http://127.0.0.1:" + server.getAddress().getPort();
        try (Gate gate =
                gate(
                        Map.of(
                                Moment.HOLD, call(base + "/good?key=hush", LONG),
                                Moment.MOVE, call(base + "/bad?key=hush", LONG),
                                Moment.RELEASE, call(base + "/never", Duration.ofMillis(200))))) {
            gate.hold(LONG);
            assertThatThrownBy(gate::move)
                    .hasMessage(
                            "hook move: call of \"%s/bad\" was answered with status 500, expected"
                                    + " 2xx: no way",
                            base);
            assertThatThrownBy(gate::release)
                    .hasMessage(
                            "hook release: call of \"%s/never\" was not answered within 200 ms",
                            base);
        } finally {
            server.stop(0);
        }
        assertThat(got.getFirst()).isEqualTo("POST /good?key=hush Bearer hush " + BODY);
    }

    /// Answers by the path.
    private static HttpServer server(List<String> got) throws IOException {
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        byte[] answer = "no way".getBytes(StandardCharsets.UTF_8);
        server.createContext(
                "/",
                exchange -> {
                    String path = exchange.getRequestURI().getPath();
                    byte[] body = exchange.getRequestBody().readAllBytes();
                    got.add(
                            "%s %s %s %s"
                                    .formatted(
                                            exchange.getRequestMethod(),
                                            exchange.getRequestURI(),
                                            exchange.getRequestHeaders().getFirst("Authorization"),
                                            new String(body, StandardCharsets.UTF_8)));
                    if (!path.equals("/never")) {
                        exchange.sendResponseHeaders(
                                path.equals("/bad") ? 500 : 200, answer.length);
                        exchange.getResponseBody().write(answer);
                        exchange.close();
                    }
                });
        return server;
    }

    private static Hook call(String url, Duration timeout) {
        return new Hook(
                new Action.Call(
                        URI.create(url), Map.of("Authorization", new Secret("Bearer hush"))),
                timeout,
                Optional.empty());
    }

    @Test
    void aProgramThatIsNotThereIsAProblemBeforeTheStart() {
        Problems problems = new Problems();
        gate(Map.of(
                        Moment.HOLD,
                        new Hook(
                                new Action.Command(List.of("./no-such")),
                                LONG,
                                Optional.of(sh("true")))))
                .check(problems);

        assertThat(problems.all())
                .singleElement()
                .asString()
                .startsWith("hook hold: command \"./no-such\" is no program that can be started");
    }
}
