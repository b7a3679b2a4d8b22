package dev.lockstep.orchestrator.schema;

import dev.lockstep.orchestrator.schema.SchemaObjects.Grant;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Remembers which schemas and extensions the target had before, and who might use the schemas,
/// since these may be there already and are to stay as they were then. No name holds the byte 0, so
/// that separates them.
final class SchemaNames {
    private static final Set<String> BUILT_IN = Set.of("public", "pg_catalog");

    private final Path folder;

    SchemaNames(Path folder) {
        this.folder = folder;
    }

    void keep(Session target) {
        write("schemas.before", SchemaObjects.schemas(target));
        write("extensions.before", SchemaObjects.extensions(target));
        List<Grant> grants = SchemaObjects.grants(target);
        write("grants.before", grants.stream().map(Grant::give).toList());
    }

    /// Statements that make the privileges on schemas that were there before what they were.
    String undoGrants(Session target) {
        Set<String> schemas = read("schemas.before").orElse(Set.of());
        Set<String> before = read("grants.before").orElse(Set.of());
        List<Grant> now = SchemaObjects.grants(target);
        Set<String> given = now.stream().map(Grant::give).collect(Collectors.toSet());
        Stream<String> taken =
                now.stream()
                        .filter(grant -> schemas.contains(grant.schema()))
                        .filter(grant -> !before.contains(grant.give()))
                        .map(Grant::take);
        Stream<String> returned = before.stream().filter(grant -> !given.contains(grant));
        return Stream.concat(taken, returned)
                .map(statement -> statement + ";\n")
                .collect(Collectors.joining());
    }

    /// Statements that drop those of `schemas` that are new, unless others use them by now; none
    /// where that is not known.
    String dropSchemas(Collection<String> schemas) {
        Optional<Set<String>> before = read("schemas.before");
        return schemas.stream()
                .filter(name -> before.isPresent() && !before.get().contains(name))
                .filter(name -> !BUILT_IN.contains(name))
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
                ? Optional.of(
                        Stream.of(PgClient.read(path).split("\0", -1))
                                .filter(name -> !name.isEmpty())
                                .collect(Collectors.toSet()))
                : Optional.empty();
    }
}
