package dev.lockstep.orchestrator.pgbouncer;

import dev.lockstep.orchestrator.pgbouncer.AdminConsole.Refused;
import dev.lockstep.orchestrator.pgbouncer.AdminConsole.Unanswered;
import dev.lockstep.orchestrator.pgbouncer.IniEntry.Unfit;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.gate.GateSpec;
import dev.lockstep.plans.gate.GateSpec.Server;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// One PgBouncer, and the database that its clients connect to. All that it does may be done again.
///
/// Thread rule: one thread at a time.
public final class Bouncer implements AutoCloseable {
    static final Duration ANSWER_MAX = Duration.ofSeconds(2);
    private static final Duration LOOK_EVERY = Duration.ofMillis(20);
    private static final Duration BLOCKERS_MAX = Duration.ofMillis(500);
    private static final int BLOCKERS_SHOWN = 5;

    private final GateSpec.PgBouncer spec;
    private @Nullable AdminConsole console;

    public Bouncer(GateSpec.PgBouncer spec) {
        this.spec = spec;
    }

    /// `host:port`, for messages.
    public String label() {
        return spec.console().label();
    }

    /// Whatever the console answers to a command; over a new connection where the old one is gone.
    List<Map<String, String>> ask(String command, Duration atMost) throws IOException {
        AdminConsole known = console;
        if (known != null) {
            try {
                return known.ask(command, atMost);
            } catch (Refused e) {
                throw e;
            } catch (Unanswered e) {
                hangUp();
                throw e;
            } catch (IOException e) {
                hangUp();
            }
        }
        Duration openMax = atMost.compareTo(ANSWER_MAX) < 0 ? atMost : ANSWER_MAX;
        AdminConsole opened = AdminConsole.open(spec.console(), openMax);
        console = opened;
        try {
            return opened.ask(command, atMost);
        } catch (Refused e) {
            throw e;
        } catch (IOException e) {
            hangUp();
            throw e;
        }
    }

    private void hangUp() {
        AdminConsole known = console;
        console = null;
        if (known != null) {
            try {
                known.close();
            } catch (IOException e) {
                // It is gone already.
            }
        }
    }

    private List<Map<String, String>> ask(String command) throws IOException {
        return ask(command, ANSWER_MAX);
    }

    /// The command, for the database.
    String named(String command) {
        return command + " \"" + spec.database().replace("\"", "\"\"") + "\"";
    }

    /// What the console knows of the database.
    Optional<Map<String, String>> shown() throws IOException {
        return ask("SHOW DATABASES").stream()
                .filter(row -> spec.database().equals(row.get("name")))
                .findFirst();
    }

    static boolean isPaused(Map<String, String> shown) {
        return !shown.getOrDefault("paused", "0").equals("0");
    }

    static Server server(Map<String, String> shown) {
        return new Server(
                shown.getOrDefault("host", ""),
                Integer.parseInt(shown.getOrDefault("port", "0")),
                shown.getOrDefault("database", ""));
    }

    /// Fails where the configuration could not be replaced by one that leads to `to`, or the
    /// console cannot be reached.
    public void prepare(Server to) {
        doing(
                "be readied for a switch",
                () -> {
                    ConfigFile.find(spec.config(), spec.database()).rehearse(to);
                    shown();
                });
    }

    /// Holds clients: returns when none is in a transaction any more and none can begin one.
    public void pause(Duration atMost) {
        Duration limit = atMost.compareTo(spec.pauseMax()) < 0 ? atMost : spec.pauseMax();
        try {
            ask(named("PAUSE"), limit);
        } catch (Unanswered e) {
            throw new LockstepException(
                    Fault.SWITCH_FAILED,
                    ("PgBouncer \"%s\" did not come to rest within %d ms: it waits for transactions"
                                    + " of database \"%s\" that are under way: %s; end them, or"
                                    + " give pause-timeout and cutover.max-pause more, and try"
                                    + " again")
                            .formatted(label(), limit.toMillis(), spec.database(), blockers()),
                    e);
        } catch (IOException e) {
            throw failed(Fault.SWITCH_FAILED, "pause database \"" + spec.database() + "\"", e);
        }
    }

    /// Who is in a transaction, as far as that can be found out without making anybody wait.
    private String blockers() {
        try {
            Map<String, String> applications =
                    ask("SHOW CLIENTS", BLOCKERS_MAX).stream()
                            .collect(
                                    Collectors.toMap(
                                            row -> row.getOrDefault("ptr", ""),
                                            row -> row.getOrDefault("application_name", ""),
                                            (one, _) -> one));
            List<String> lines =
                    ask("SHOW SERVERS", BLOCKERS_MAX).stream()
                            .filter(row -> spec.database().equals(row.get("database")))
                            .filter(row -> "active".equals(row.get("state")))
                            .map(row ->
                                    "user %s (%s), server process %s, since %s"
                                            .formatted(
                                                    row.get("user"),
                                                    applications.getOrDefault(
                                                            row.getOrDefault("link", ""), ""),
                                                    row.get("remote_pid"),
                                                    row.get("request_time")))
                            .toList();
            return lines.isEmpty()
                    ? "none is left to be seen"
                    : lines.stream().limit(BLOCKERS_SHOWN).collect(Collectors.joining("; "))
                            + (lines.size() > BLOCKERS_SHOWN
                                    ? "; and %d more".formatted(lines.size() - BLOCKERS_SHOWN)
                                    : "");
        } catch (IOException e) {
            return "they cannot be asked for: " + e.getMessage();
        }
    }

    /// Has the entry in the file lead to `to`, for the next time that the file is read.
    public void edit(Server to) {
        doing(
                "be led to " + to,
                () -> {
                    ConfigFile found = ConfigFile.find(spec.config(), spec.database());
                    if (!found.server().equals(to)) {
                        found.leadTo(to);
                    }
                });
    }

    /// Has the file read, and waits until the database leads to `to`.
    public void leadTo(Server to) {
        doing(
                "be led to " + to,
                () -> {
                    ask("RELOAD");
                    Map<String, String> shown = awaitServer(to);
                    if (!isPaused(shown)) {
                        // Who is connected to the other one leaves it after the transaction.
                        ask(named("RECONNECT"));
                    }
                });
    }

    private Map<String, String> awaitServer(Server to) throws IOException {
        long deadline = System.nanoTime() + ANSWER_MAX.toNanos();
        while (true) {
            Map<String, String> shown =
                    shown().orElseThrow(() -> new IOException("it knows no such database"));
            if (server(shown).equals(to)) {
                return shown;
            }
            if (System.nanoTime() > deadline) {
                throw new IOException(
                        "after RELOAD it still leads to %s; is %s its file, and without a mistake?"
                                .formatted(server(shown), spec.config()));
            }
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
        }
    }

    /// Lets clients go on, if they are held.
    public void resume() {
        doing("be resumed; RESUME " + spec.database() + " there by hand", this::resumeIfPaused);
    }

    void resumeIfPaused() throws IOException {
        if (shown().map(Bouncer::isPaused).orElse(false)) {
            try {
                ask(named("RESUME"));
            } catch (Refused e) {
                // Somebody else may have done it.
                if (shown().map(Bouncer::isPaused).orElse(false)) {
                    throw e;
                }
            }
        }
    }

    private interface Work {
        void run() throws IOException, Unfit;
    }

    private void doing(String what, Work work) {
        try {
            work.run();
        } catch (Unfit e) {
            throw new LockstepException(
                    Fault.GATE_FAILED,
                    "PgBouncer \"%s\" cannot %s: file \"%s\" %s"
                            .formatted(label(), what, spec.config(), e.getMessage()),
                    e);
        } catch (IOException e) {
            throw failed(Fault.GATE_FAILED, what, e);
        }
    }

    private LockstepException failed(Fault fault, String what, IOException e) {
        return new LockstepException(
                fault, "PgBouncer \"%s\" cannot %s: %s".formatted(label(), what, told(e)), e);
    }

    /// What the system says of a file is its name, and of a connection a sentence.
    static String told(IOException e) {
        return e instanceof java.nio.file.FileSystemException file
                ? "file \"%s\": %s"
                        .formatted(
                                file.getFile(),
                                file.getReason() == null
                                        ? e.getClass().getSimpleName()
                                        : file.getReason())
                : String.valueOf(e.getMessage());
    }

    @Override
    public void close() {
        hangUp();
    }
}
