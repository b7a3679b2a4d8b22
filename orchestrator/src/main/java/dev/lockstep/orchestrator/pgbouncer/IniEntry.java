package dev.lockstep.orchestrator.pgbouncer;

import dev.lockstep.plans.gate.GateSpec.Server;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a file of PgBouncer's has of one database: `name = host=... port=... dbname=...`. Nothing
/// but these three is ever touched.
///
/// @param text the whole file
/// @param start where the settings of the entry begin in it
/// @param end where they end
record IniEntry(String name, String text, int start, int end) {
    private static final int PORT = 5432;

    /// A setting of the entry, with the place of its value, quotes included.
    private record Setting(String value, int from, int until) {}

    /// An entry that Lockstep does not dare to change.
    static final class Unfit extends Exception {
        private static final long serialVersionUID = 1;

        Unfit(String text) {
            super(text);
        }
    }

    /// Where the entry leads.
    Server server() throws Unfit {
        Map<String, Setting> settings = settings();
        String host = value(settings, "host").orElse("");
        String port = value(settings, "port").orElse("" + PORT);
        if (host.contains(",")) {
            throw new Unfit("has several hosts, %s, expected one".formatted(host));
        }
        if (!port.matches("[0-9]{1,5}")) {
            throw new Unfit("has the port \"%s\", expected one number".formatted(port));
        }
        return new Server(host, Integer.parseInt(port), value(settings, "dbname").orElse(name));
    }

    private static Optional<String> value(Map<String, Setting> settings, String key) {
        return Optional.ofNullable(settings.get(key)).map(Setting::value);
    }

    /// The whole file, with the entry leading to `to`.
    String leadingTo(Server to) throws Unfit {
        Server now = server();
        Map<String, Setting> settings = settings();
        StringBuilder added = new StringBuilder();
        List<Change> changes = new ArrayList<>();
        change(settings.get("host"), "host", now.host(), to.host()).ifPresent(changes::add);
        change(settings.get("port"), "port", "" + now.port(), "" + to.port())
                .ifPresent(changes::add);
        change(settings.get("dbname"), "dbname", now.database(), to.database())
                .ifPresent(changes::add);
        StringBuilder changed = new StringBuilder(text);
        changes.sort((a, b) -> Integer.compare(b.from(), a.from()));
        for (Change change : changes) {
            if (change.from() < 0) {
                added.append(change.written());
            } else {
                changed.replace(change.from(), change.until(), change.written());
            }
        }
        String before = settings.isEmpty() ? added.toString().strip() : added.toString();
        return changed.insert(start, before).toString();
    }

    /// A new piece of text; one whose place is negative is an addition.
    private record Change(int from, int until, String written) {}

    private static Optional<Change> change(
            @Nullable Setting setting, String key, String is, String wanted) {
        if (is.equals(wanted)) {
            return Optional.empty();
        }
        return Optional.of(
                setting == null
                        ? new Change(-1, -1, key + "=" + quoted(wanted) + " ")
                        : new Change(setting.from(), setting.until(), quoted(wanted)));
    }

    private static String quoted(String value) {
        return value.matches("[^\\s';#]+") ? value : "'" + value.replace("'", "''") + "'";
    }

    private Map<String, Setting> settings() throws Unfit {
        Map<String, Setting> settings = new LinkedHashMap<>();
        int at = blanks(start);
        while (at < end) {
            int equals = text.indexOf('=', at);
            if (equals < 0 || equals >= end) {
                throw new Unfit("is not a list of key=value");
            }
            String key = text.substring(at, equals).strip().toLowerCase(Locale.ROOT);
            if (!key.matches("[a-z_]+")) {
                throw new Unfit("is not a list of key=value");
            }
            int from = blanks(equals + 1);
            Setting setting = text.startsWith("'", from) ? quotedAt(from) : plainAt(from);
            if (settings.put(key, setting) != null) {
                throw new Unfit("has %s twice".formatted(key));
            }
            at = blanks(setting.until());
        }
        return settings;
    }

    private int blanks(int from) {
        int at = from;
        while (at < end && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private Setting plainAt(int from) {
        int at = from;
        while (at < end && !Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return new Setting(text.substring(from, at), from, at);
    }

    private Setting quotedAt(int from) throws Unfit {
        StringBuilder value = new StringBuilder();
        for (int at = from + 1; at < end; at++) {
            char c = text.charAt(at);
            if (c == '\'' && (at + 1 == end || text.charAt(at + 1) != '\'')) {
                return new Setting(value.toString(), from, at + 1);
            }
            at += c == '\'' ? 1 : 0;
            value.append(c);
        }
        throw new Unfit("has a quote that does not end");
    }
}
