package dev.lockstep.orchestrator.stage;

import dev.lockstep.plans.sql.Ident;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// Remembers which schemas and extensions the target had before, since these may be there already
/// and are to stay then. No name holds the byte 0, so that separates them.
final class SchemaNames {
    private static final Set<String> BUILT_IN = Set.of("public", "pg_catalog");

    private final Path folder;

    SchemaNames(Path folder) {
        this.folder = folder;
    }

    void keep(Collection<String> schemas, Collection<String> extensions) {
        write("schemas.before", schemas);
        write("extensions.before", extensions);
    }

    /// Statements that drop those of `schemas` that are new, unless others use them by now.
    String dropSchemas(Collection<String> schemas) {
        Set<String> before = read("schemas.before").orElse(Set.of());
        return schemas.stream()
                .filter(name -> !before.contains(name) && !BUILT_IN.contains(name))
                .map(SchemaNames::dropIfEmpty)
                .collect(Collectors.joining());
    }

    /// Statements that drop those of `extensions` that are new; none where that is not known.
    String dropExtensions(Collection<String> extensions) {
        Optional<Set<String>> before = read("extensions.before");
        return extensions.stream()
                .filter(name -> before.isPresent() && !before.get().contains(name))
                .map(name -> "DROP EXTENSION IF EXISTS %s CASCADE;\n".formatted(new Ident(name)))
                .collect(Collectors.joining());
    }

    private static String dropIfEmpty(String schema) {
        return "DO LANGUAGE plpgsql "
                + Ident.literal(
                        "BEGIN DROP SCHEMA IF EXISTS %s; ".formatted(new Ident(schema))
                                + "EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END")
                + ";\n";
    }

    private void write(String file, Collection<String> names) {
        String text = String.join("\0", names);
        PgClient.file("write", folder.resolve(file), to -> Files.writeString(to, text));
    }

    private Optional<Set<String>> read(String file) {
        Path path = folder.resolve(file);
        return Files.exists(path)
                ? Optional.of(Set.copyOf(List.of(PgClient.read(path).split("\0", -1))))
                : Optional.empty();
    }
}
