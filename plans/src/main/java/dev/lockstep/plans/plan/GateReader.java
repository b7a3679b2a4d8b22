package dev.lockstep.plans.plan;

import dev.lockstep.plans.gate.GateSpec;
import dev.lockstep.plans.gate.GateSpec.Action;
import dev.lockstep.plans.gate.GateSpec.Moment;
import dev.lockstep.plans.gate.GateSpec.Server;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Secret;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads `cutover.gate`. Commands, URLs and headers of hooks are not shown: they may hold secrets.
final class GateReader {
    private static final String KEY = "gate";
    private static final String GATE = "none, or a group with the key pgbouncer or hooks";
    private static final String BOUNCERS = "a group of keys for one PgBouncer, or a list of them";
    private static final String[] BOUNCER = {
        "console", "user", "password", "config", "database", "source", "target", "pause-timeout"
    };
    private static final String CONSOLE =
            "where the admin console is, like \"localhost:6432\": a host and a port";
    private static final String USER = "the name of one of admin_users";
    private static final String PASSWORD = "a text, \"\" for none";
    private static final String CONFIG = "the path of pgbouncer.ini on this machine";
    private static final String DATABASE = "the name of an entry in [databases], other than *";
    private static final String SERVER =
            "host:port/database as PgBouncer is to reach it, like \"10.0.0.2:5432/shop\"";
    private static final String TIME = "a time from 10ms to 1h, like 5s";
    private static final String HOOKS = "one or more of hold, move and release";
    private static final String HOOK = "a group with run or http, and if wanted timeout and undo";
    private static final String WORDS =
            "a list of a program and its arguments, like [\"./hold.sh\", \"all\"]";
    private static final String URL = "a URL like https://host/path";
    private static final String HEADER = "the value of an HTTP header, a text";

    private static final String PORT = ":(?<port>[0-9]{1,5})";
    private static final Pattern CONSOLE_SHAPE =
            Pattern.compile("(?<host>[^\\s:,/@\\[\\]]+|\\[[0-9A-Fa-f:.]+])" + PORT);
    private static final Pattern SERVER_SHAPE =
            Pattern.compile(
                    "(?<host>[^\\s:,@'\\[\\]]+|\\[[0-9A-Fa-f:.]+])"
                            + PORT
                            + "/(?<database>[^\\s']+)");
    private static final Pattern HEADER_NAME = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]+");
    private static final int PORT_MAX = 65_535;

    /// Headers that belong to the client.
    private static final Set<String> OWN =
            Set.of("connection", "content-length", "expect", "host", "upgrade");

    private final Path folder;
    private final Duration pauseMax;

    /// @param folder where relative paths start
    /// @param pauseMax the plan's `max-pause`, how long anything may take by default
    GateReader(Path folder, Duration pauseMax) {
        this.folder = folder;
        this.pauseMax = pauseMax;
    }

    /// The plan's two databases, as far as they are known.
    record Sides(Optional<Endpoint> source, Optional<Endpoint> target) {}

    GateSpec read(Section cutover, Sides sides) {
        Optional<Node> node = cutover.node(KEY);
        if (node.isEmpty() || !(node.get() instanceof Node.Fields fields)) {
            cutover.value(KEY, GATE, t -> Optional.of(t).filter("none"::equals));
            return new GateSpec.None();
        }
        Section gate = cutover.below(KEY, fields, "pgbouncer", "hooks");
        if (fields.fields().isEmpty() || gate.keys().size() > 1) {
            String found = fields.fields().isEmpty() ? "an empty group" : "a group with both";
            cutover.wrong(KEY, fields.line(), found, GATE);
        }
        Optional<GateSpec> hooks = gate.node("hooks").flatMap(n -> hooks(gate, n));
        Optional<GateSpec> bouncers = gate.node("pgbouncer").flatMap(n -> bouncers(gate, n, sides));
        return hooks.or(() -> bouncers).orElse(new GateSpec.None());
    }

    private Optional<GateSpec> bouncers(Section gate, Node node, Sides sides) {
        List<Node> nodes = node instanceof Node.Items items ? items.items() : List.of(node);
        if (nodes.isEmpty()) {
            gate.wrong("pgbouncer", node.line(), "an empty list", BOUNCERS);
        }
        List<GateSpec.PgBouncer> all = new ArrayList<>();
        for (Node each : nodes) {
            if (each instanceof Node.Fields fields) {
                bouncer(gate.below("pgbouncer", fields, BOUNCER), sides).ifPresent(all::add);
            } else if (!(each instanceof Node.Unresolved)) {
                gate.wrong("pgbouncer", each, BOUNCERS);
            }
        }
        return all.isEmpty() ? Optional.empty() : Optional.of(new GateSpec.PgBouncers(all));
    }

    private Optional<GateSpec.PgBouncer> bouncer(Section section, Sides sides) {
        Optional<GateSpec.Console> console = console(section);
        Optional<Path> config =
                section.require("config", CONFIG)
                        ? section.value("config", CONFIG, t -> SettingsReader.path(folder, t))
                        : Optional.empty();
        Optional<Server> source = server(section, "source", sides.source());
        Optional<Server> target = server(section, "target", sides.target());
        Optional<String> database =
                section.has("database")
                        ? section.value("database", DATABASE, GateReader::entry)
                        : sides.source().map(Endpoint::database);
        Duration pause = time(section, "pause-timeout");
        if (source.isPresent() && source.equals(target)) {
            section.report(
                    section.line("target"),
                    "%s and source are both %s, expected two servers"
                            .formatted(section.path("target"), source.get()));
        }
        return console.flatMap(c ->
                config.flatMap(file ->
                        database.flatMap(name ->
                                source.flatMap(from ->
                                        target.map(to ->
                                                new GateSpec.PgBouncer(
                                                        c, file, name, from, to, pause))))));
    }

    private static Optional<GateSpec.Console> console(Section section) {
        Optional<Matcher> place =
                section.require("console", CONSOLE)
                        ? place(section, "console", CONSOLE)
                        : Optional.empty();
        Optional<String> user =
                section.require("user", USER)
                        ? section.value("user", USER, t -> Optional.of(t).filter(u -> !u.isEmpty()))
                        : Optional.empty();
        String password = section.text("password", PASSWORD).map(Node.Text::value).orElse("");
        return place.flatMap(at ->
                user.map(who ->
                        new GateSpec.Console(host(at), port(at), who, new Secret(password))));
    }

    private static Optional<Server> server(
            Section section, String key, Optional<Endpoint> instead) {
        return section.has(key)
                ? place(section, key, SERVER)
                        .map(at -> new Server(host(at), port(at), at.group("database")))
                : instead.map(e -> new Server(bare(e.host()), e.port(), e.database()));
    }

    private static Optional<Matcher> place(Section section, String key, String expected) {
        return section.text(key, expected)
                .flatMap(text -> {
                    Pattern shape = expected.equals(CONSOLE) ? CONSOLE_SHAPE : SERVER_SHAPE;
                    Matcher found = shape.matcher(text.value());
                    if (found.matches() && port(found) <= PORT_MAX && port(found) > 0) {
                        return Optional.of(found);
                    }
                    // What stands before an @ may hold a password.
                    String shown = text.value().contains("@") ? "a text with @" : text.found();
                    section.wrong(key, text.line(), shown, expected);
                    return Optional.empty();
                });
    }

    private static String host(Matcher found) {
        return bare(found.group("host"));
    }

    private static String bare(String host) {
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    private static int port(Matcher found) {
        return Integer.parseInt(found.group("port"));
    }

    private static Optional<String> entry(String text) {
        return Optional.of(text).filter(t -> !t.isEmpty() && !t.equals("*"));
    }

    private Duration time(Section section, String key) {
        return section.value(key, TIME, Units.duration(Duration.ofMillis(10), Duration.ofHours(1)))
                .orElse(pauseMax);
    }

    private Optional<GateSpec> hooks(Section gate, Node node) {
        return gate.section("hooks", "hold", "move", "release")
                .map(section -> {
                    Map<Moment, GateSpec.Hook> hooks = new EnumMap<>(Moment.class);
                    for (Moment moment : Moment.values()) {
                        hook(section, moment).ifPresent(hook -> hooks.put(moment, hook));
                    }
                    if (node instanceof Node.Fields fields && fields.fields().isEmpty()) {
                        gate.wrong("hooks", node.line(), "an empty group", HOOKS);
                    }
                    return new GateSpec.Hooks(hooks);
                });
    }

    private Optional<GateSpec.Hook> hook(Section hooks, Moment moment) {
        String key = moment.name().toLowerCase(Locale.ROOT);
        return hooks.section(key, "run", "http", "timeout", "undo")
                .flatMap(hook -> {
                    Duration timeout = time(hook, "timeout");
                    Optional<Action> undo =
                            hook.section("undo", "run", "http").flatMap(GateReader::action);
                    return action(hook).map(action -> new GateSpec.Hook(action, timeout, undo));
                });
    }

    private static Optional<Action> action(Section hook) {
        if (hook.has("run") && hook.has("http")) {
            hook.report(
                    hook.line("http"),
                    "%s stands beside run, expected one of them".formatted(hook.path("http")));
        } else if (!hook.has("run") && !hook.has("http")) {
            hook.require("run", HOOK);
        }
        Optional<Action> call = hook.section("http", "url", "headers").flatMap(GateReader::call);
        return hook.list("run", WORDS).flatMap(items -> command(hook, items)).or(() -> call);
    }

    private static Optional<Action> command(Section hook, List<Node> items) {
        List<String> words =
                items.stream()
                        .flatMap(item -> hook.text("run", item, WORDS).stream())
                        .map(Node.Text::value)
                        .toList();
        if (items.isEmpty() || (!words.isEmpty() && words.getFirst().isEmpty())) {
            hook.wrong("run", hook.line("run"), "a list without a program", WORDS);
            return Optional.empty();
        }
        return words.size() == items.size()
                ? Optional.of(new Action.Command(words))
                : Optional.empty();
    }

    private static Optional<Action> call(Section http) {
        Optional<URI> url = http.require("url", URL) ? url(http) : Optional.empty();
        Map<String, Secret> headers = new LinkedHashMap<>();
        http.openSection("headers", "a group of headers and their values")
                .ifPresent(section -> {
                    for (String name : section.keys()) {
                        if (!HEADER_NAME.matcher(name).matches()
                                || OWN.contains(name.toLowerCase(Locale.ROOT))) {
                            section.report(
                                    section.line(name),
                                    "%s has a name that is no header of yours to set, expected one"
                                                    .formatted(http.path("headers"))
                                            + " like Authorization");
                        }
                        section.text(name, HEADER)
                                .ifPresent(t -> headers.put(name, new Secret(t.value())));
                    }
                });
        return url.map(at -> new Action.Call(at, headers));
    }

    private static Optional<URI> url(Section http) {
        return http.text("url", URL)
                .flatMap(text -> {
                    Optional<URI> url = url(text.value());
                    if (url.isEmpty()) {
                        http.wrong("url", text.line(), "no such URL", URL);
                    }
                    return url;
                });
    }

    private static Optional<URI> url(String text) {
        try {
            return Optional.of(new URI(text))
                    .filter(u -> u.getHost() != null && u.getUserInfo() == null)
                    .filter(u -> "http".equals(u.getScheme()) || "https".equals(u.getScheme()));
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }
}
