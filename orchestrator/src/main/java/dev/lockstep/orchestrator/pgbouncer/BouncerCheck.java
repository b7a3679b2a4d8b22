package dev.lockstep.orchestrator.pgbouncer;

import dev.lockstep.orchestrator.pgbouncer.AdminConsole.Refused;
import dev.lockstep.orchestrator.pgbouncer.IniEntry.Unfit;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.gate.GateSpec;
import dev.lockstep.plans.gate.GateSpec.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Whether a PgBouncer can be used as a gate. Reads only, and finds every problem.
public final class BouncerCheck {
    private static final String NOT_ADMIN = "admin access needed";

    private final GateSpec.PgBouncer spec;
    private final Server active;
    private final Duration pauseMax;
    private final Problems problems;

    /// @param active where clients have to be led now
    /// @param pauseMax for how long they may have to wait
    public BouncerCheck(
            GateSpec.PgBouncer spec, Server active, Duration pauseMax, Problems problems) {
        this.spec = spec;
        this.active = active;
        this.pauseMax = pauseMax;
        this.problems = problems;
    }

    /// Adds what is in the way.
    public void check() {
        Optional<Server> inFile = checkFile();
        try (Bouncer bouncer = new Bouncer(spec)) {
            Map<String, String> settings =
                    bouncer.ask("SHOW CONFIG", Bouncer.ANSWER_MAX).stream()
                            .filter(row -> row.containsKey("key"))
                            .collect(
                                    Collectors.toMap(
                                            row -> row.getOrDefault("key", ""),
                                            row -> row.getOrDefault("value", ""),
                                            (one, _) -> one));
            Optional<Map<String, String>> shown = bouncer.shown();
            if (settings.getOrDefault("so_reuseport", "0").equals("1")) {
                add(
                        "shares its port with others (so_reuseport), and which of them answers is"
                                + " chance; give each a port of its own and name them all");
            }
            if (shown.isEmpty()) {
                add(
                        "knows no database \"%s\"; its entry in [databases] is needed, one for *"
                                        .formatted(spec.database())
                                + " does not do");
                return;
            }
            checkShown(shown.get(), settings);
            checkWait(settings.getOrDefault("query_wait_timeout", "0"));
            checkAdmin(bouncer);
            checkWhere(Bouncer.server(shown.get()), inFile);
        } catch (IOException e) {
            add(
                    "cannot be asked as \"%s\": %s; check console, user and password"
                            .formatted(spec.console().user(), Bouncer.told(e)));
        }
    }

    private void add(String problem) {
        problems.add("PgBouncer \"%s\" %s".formatted(spec.console().label(), problem));
    }

    private void checkShown(Map<String, String> shown, Map<String, String> settings) {
        if (!shown.containsKey("paused")) {
            add("does not tell which databases are paused; 1.10 or later is needed");
        } else if (Bouncer.isPaused(shown)) {
            add(
                    "has database \"%s\" paused already; RESUME it, or find out who paused it"
                            .formatted(spec.database()));
        }
        if (!shown.getOrDefault("disabled", "0").equals("0")) {
            add("has database \"%s\" disabled; ENABLE it".formatted(spec.database()));
        }
        String mode = shown.getOrDefault("pool_mode", settings.getOrDefault("pool_mode", ""));
        if (mode.equals("session")) {
            add(
                    ("pools database \"%s\" by session, so PAUSE would wait until every client has"
                                    + " left; pool_mode=transaction or statement is needed")
                            .formatted(spec.database()));
        }
    }

    /// Clients that it gives up while they are held see a failure; 0 is for ever.
    private void checkWait(String seconds) {
        try {
            double most = Double.parseDouble(seconds);
            if (most > 0 && most * 1000 <= pauseMax.toMillis()) {
                add(
                        ("gives up clients that wait for %s s (query_wait_timeout), and"
                                        + " cutover.max-pause is %d ms; give it more there, or the"
                                        + " pause less")
                                .formatted(seconds, pauseMax.toMillis()));
            }
        } catch (NumberFormatException e) {
            add("has query_wait_timeout \"%s\", expected a number of seconds".formatted(seconds));
        }
    }

    /// A RESUME of what is not paused changes nothing, and only admins may ask for it.
    private void checkAdmin(Bouncer bouncer) throws IOException {
        try {
            if (!bouncer.shown().map(Bouncer::isPaused).orElse(true)) {
                bouncer.ask(bouncer.named("RESUME"), Bouncer.ANSWER_MAX);
            }
        } catch (Refused e) {
            if (String.valueOf(e.getMessage()).contains(NOT_ADMIN)) {
                add(
                        "does not let \"%s\" pause; add it to admin_users"
                                .formatted(spec.console().user()));
            }
        }
    }

    private Optional<Server> checkFile() {
        try {
            ConfigFile found = ConfigFile.find(spec.config(), spec.database());
            Path folder = found.file().getParent();
            if (folder != null && !Files.isWritable(folder)) {
                add(
                        ("needs file \"%s\" changed, and folder \"%s\" cannot be written by this"
                                        + " user; a file is replaced by a new one")
                                .formatted(found.file(), folder));
            }
            return Optional.of(found.server());
        } catch (Unfit e) {
            add("has file \"%s\", which %s".formatted(spec.config(), e.getMessage()));
        } catch (IOException e) {
            add(
                    "has its settings in a file that cannot be read here: %s; check config"
                            .formatted(Bouncer.told(e)));
        }
        return Optional.empty();
    }

    private void checkWhere(Server shown, Optional<Server> inFile) {
        if (inFile.isPresent() && !inFile.get().equals(shown)) {
            add(
                    ("leads database \"%s\" to %s, and file \"%s\" says %s; RELOAD it there, or"
                                    + " name the file that is its own")
                            .formatted(spec.database(), shown, spec.config(), inFile.get()));
        } else if (!shown.equals(active)) {
            add(
                    ("leads database \"%s\" to %s, expected the active database %s; mend its entry,"
                                    + " or say in the plan, by source and target, how PgBouncer"
                                    + " names them")
                            .formatted(spec.database(), shown, active));
        }
    }
}
