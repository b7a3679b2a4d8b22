package dev.lockstep.validators.schema;

import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.SessionPair;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// Extensions that the standby lacks, or has in an older version. All that it finds are notes: what
/// needs an extension to hold its rows could not have been copied.
///
/// Can miss: what of an extension is configured or stored outside of the tables in scope; libraries
/// that the server loads; which of two versions is the later, where they are more than numbers and
/// dots.
final class Extensions implements SchemaChecks.Check {
    private static final String READ = "SELECT extname, extversion FROM pg_extension";
    private static final Pattern NUMBERS = Pattern.compile("\\d{1,9}(\\.\\d{1,9})*");

    @Override
    public String name() {
        return "extensions";
    }

    @Override
    public List<Finding> check(SessionPair sessions, Extent extent) {
        Map<String, String> there = versions(sessions.standby());
        return versions(sessions.active()).entrySet().stream()
                .flatMap(e -> compare(e, Optional.ofNullable(there.get(e.getKey()))).stream())
                .toList();
    }

    private static Map<String, String> versions(Session session) {
        Map<String, String> versions = new TreeMap<>();
        session.rows(
                READ, row -> versions.put(row.text("extname"), row.text("extversion")) == null);
        return versions;
    }

    private Optional<Finding> compare(
            Map.Entry<String, String> extension, Optional<String> standby) {
        Ident name = new Ident(extension.getKey());
        String active = extension.getValue();
        if (standby.isEmpty()) {
            return Optional.of(
                    note(
                            extension.getKey(),
                            "has version %s on the active, and is missing on the standby"
                                    .formatted(active),
                            "CREATE EXTENSION %s".formatted(name)));
        }
        return isOlder(standby.get(), active)
                ? Optional.of(
                        note(
                                extension.getKey(),
                                "has version %s on the active, and %s on the standby"
                                        .formatted(active, standby.get()),
                                "ALTER EXTENSION %s UPDATE".formatted(name)))
                : Optional.empty();
    }

    private Finding note(String extension, String found, String remedy) {
        String about = "extension \"%s\"".formatted(extension);
        return new Finding(name(), Finding.Severity.NOTE, about, found, remedy);
    }

    /// Of versions that cannot be ordered, any other one counts as older.
    static boolean isOlder(String version, String than) {
        if (!NUMBERS.matcher(version).matches() || !NUMBERS.matcher(than).matches()) {
            return !version.equals(than);
        }
        String[] ours = version.split("\\.", -1);
        String[] theirs = than.split("\\.", -1);
        for (int i = 0; i < Math.max(ours.length, theirs.length); i++) {
            int order = Integer.compare(part(ours, i), part(theirs, i));
            if (order != 0) {
                return order < 0;
            }
        }
        return false;
    }

    private static int part(String[] parts, int i) {
        return i < parts.length ? Integer.parseInt(parts[i]) : 0;
    }
}
