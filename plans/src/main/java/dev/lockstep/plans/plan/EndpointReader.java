package dev.lockstep.plans.plan;

import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Secret;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads `source` and `target`. A URL is never shown: it may hold a password in several places.
///
/// User and password may stand in the URL's parameters, as tools hand URLs out; they are taken out
/// of it, so that an [Endpoint]'s URL holds neither.
final class EndpointReader {
    private static final String[] KEYS = {"url", "user", "password"};
    private static final String URL = "a URL like jdbc:postgresql://host:5432/database";
    private static final String USER = "the name of the user to connect as";

    /// Stricter than pgjdbc, which logs URLs that it cannot read, and to one server: the run's
    /// sessions must not meet different ones.
    private static final Pattern SHAPE =
            Pattern.compile(
                    "(?<where>jdbc:postgresql:"
                            + "(//([^/?@:,\\s]+|\\[[0-9A-Fa-f:.]+])?(:[0-9]{1,5})?/)?[^/?@\\s]+)"
                            + "(\\?(?<parameters>.*))?");

    /// Parameters that would beat Lockstep's own settings of a session.
    private static final Set<String> OWN =
            Set.of(
                    "ApplicationName",
                    "assumeMinServerVersion",
                    "currentSchema",
                    "options",
                    "preferQueryMode",
                    "reWriteBatchedInserts",
                    "readOnly",
                    "replication",
                    "stringtype");

    private static final Set<String> LOCAL = Set.of("localhost", "127.0.0.1", "[::1]", "::1");

    private final Section section;
    private final Map<String, String> parameters = new LinkedHashMap<>();

    private EndpointReader(Section section) {
        this.section = section;
    }

    static Optional<Endpoint> read(Section plan, String key) {
        if (!plan.require(key, "the keys url, user and password of a database")) {
            return Optional.empty();
        }
        return plan.section(key, KEYS).flatMap(section -> new EndpointReader(section).endpoint());
    }

    /// Whether both are one database, as far as their names tell.
    static boolean isSame(Endpoint one, Endpoint other) {
        return host(one).equals(host(other))
                && one.port() == other.port()
                && one.database().equals(other.database());
    }

    private static String host(Endpoint endpoint) {
        String host = endpoint.host().toLowerCase(Locale.ROOT);
        return LOCAL.contains(host) ? "localhost" : host;
    }

    private Optional<Endpoint> endpoint() {
        Optional<String> url = section.require("url", URL) ? url() : Optional.empty();
        Optional<String> user = credential("user", USER).filter(this::isUser);
        Optional<String> password = credential("password", "a text, \"\" for none");
        if (!parameters.containsKey("user")) {
            section.require("user", USER);
        }
        if (url.isEmpty() || user.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Endpoint(url.get(), user.get(), new Secret(password.orElse(""))));
    }

    private boolean isUser(String user) {
        if (user.isEmpty()) {
            section.wrong("user", section.line("user"), "empty", USER);
        }
        return !user.isEmpty();
    }

    private Optional<String> credential(String key, String expected) {
        String inUrl = parameters.get(key);
        if (inUrl != null && section.has(key)) {
            section.report(
                    section.line(key),
                    "%s stands in the url as well, expected it once".formatted(section.path(key)));
        }
        return section.has(key)
                ? section.text(key, expected).map(Node.Text::value)
                : Optional.ofNullable(inUrl);
    }

    private Optional<String> url() {
        return section.text("url", URL)
                .flatMap(text -> {
                    Matcher shape = SHAPE.matcher(text.value());
                    String where = shape.matches() ? shape.group("where") : "";
                    if (where.isEmpty() || !Endpoint.isValidUrl(where)) {
                        section.wrong("url", text.line(), found(text.value()), URL);
                        return Optional.empty();
                    }
                    String query = shape.group("parameters");
                    if (!isDecodable(text.value())) {
                        section.wrong(
                                "url",
                                text.line(),
                                "a URL with a % that starts no character",
                                "%25 for a plain %");
                        return Optional.empty();
                    }
                    String url = where + kept(query == null ? "" : query, text.line());
                    if (!Endpoint.isValidUrl(url)) {
                        section.wrong(
                                "url", text.line(), "a URL with parameters that do not fit", URL);
                        return Optional.empty();
                    }
                    return Optional.of(url);
                });
    }

    /// The parameters that stay in the URL; the credentials go to [#parameters].
    private String kept(String query, int line) {
        List<String> kept = new ArrayList<>();
        for (String pair : query.split("&", -1)) {
            String[] parts = pair.split("=", 2);
            if (parts.length == 2 && (parts[0].equals("user") || parts[0].equals("password"))) {
                parameters.put(parts[0], decoded(parts[1]));
            } else if (OWN.contains(parts[0])) {
                section.report(
                        line,
                        "the url sets %s, expected that to be left to Lockstep"
                                .formatted(parts[0]));
            } else if (!pair.isEmpty()) {
                kept.add(pair);
            }
        }
        return kept.isEmpty() ? "" : "?" + String.join("&", kept);
    }

    private static boolean isDecodable(String url) {
        try {
            decoded(url);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private static String found(String url) {
        Matcher scheme =
                Pattern.compile("([a-z][a-z0-9+:]{0,30}:)//.*", Pattern.DOTALL).matcher(url);
        if (!scheme.matches()) {
            return "no such URL";
        }
        if (!scheme.group(1).equals("jdbc:postgresql:")) {
            return "a URL that starts with " + scheme.group(1) + "//";
        }
        return url.contains("@")
                ? "a URL with @ in it (user and password have their own keys)"
                : "a URL without one host, a port up to 65535 and a database";
    }
}
