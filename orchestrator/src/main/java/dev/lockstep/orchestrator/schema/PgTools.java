package dev.lockstep.orchestrator.schema;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The folder of a PostgreSQL client with `pg_dump` and `pg_restore`, and its major version.
public record PgTools(Path folder, int major) {
    /// From this version on, what `pg_restore` sends starts with a setting that older servers do
    /// not know.
    private static final int NEW_SETTINGS = 17;

    private static final Pattern VERSION = Pattern.compile("\\(PostgreSQL\\) (\\d+)");
    private static final List<String> USUAL =
            List.of("/usr/lib/postgresql", "/usr", "/usr/local", "/opt/homebrew/opt");

    /// Looks for a client that can read a server of `sourceMajor` and restore to one of
    /// `targetMajor`: the newest that is not newer than the target, or else the newest.
    public static PgTools find(int sourceMajor, int targetMajor) {
        return choose(installed(folders(System.getenv())), sourceMajor, targetMajor);
    }

    static PgTools choose(List<PgTools> found, int sourceMajor, int targetMajor) {
        return found.stream()
                .filter(t -> t.major >= sourceMajor)
                .filter(t -> t.major < NEW_SETTINGS || targetMajor >= NEW_SETTINGS)
                .max(
                        Comparator.<PgTools, Boolean>comparing(t -> t.major <= targetMajor)
                                .thenComparingInt(PgTools::major))
                .orElseThrow(() -> missing(found, sourceMajor, targetMajor));
    }

    /// Those of `folders` that hold both programs.
    static List<PgTools> installed(List<Path> folders) {
        return folders.stream().flatMap(folder -> version(folder).stream()).toList();
    }

    private static LockstepException missing(List<PgTools> found, int source, int target) {
        int wanted = Math.max(source, Math.min(target, NEW_SETTINGS - 1));
        String seen =
                found.isEmpty()
                        ? "none was found"
                        : found.stream()
                                .map(t -> t.major + " in " + t.folder)
                                .collect(Collectors.joining(", ", "found: ", ""));
        return new LockstepException(
                Fault.PRECONDITION,
                ("`schema.copy: auto` needs a pg_dump and pg_restore that fit a source of"
                                        + " PostgreSQL %d and a target of %d; %s."
                                        + " Install the package")
                                .formatted(source, target, seen)
                        + " postgresql-client-%d or set LOCKSTEP_PG_BIN to its folder"
                                .formatted(wanted));
    }

    private static List<Path> folders(Map<String, String> environment) {
        List<Path> folders = new ArrayList<>();
        Optional.ofNullable(environment.get("LOCKSTEP_PG_BIN"))
                .map(Path::of)
                .ifPresent(folders::add);
        Stream.of(environment.getOrDefault("PATH", "").split(File.pathSeparator, -1))
                .filter(part -> !part.isEmpty())
                .map(Path::of)
                .forEach(folders::add);
        for (String usual : USUAL) {
            folders.addAll(clientsIn(Path.of(usual)));
        }
        return folders.stream().distinct().toList();
    }

    private static List<Path> clientsIn(Path parent) {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> children =
                Files.newDirectoryStream(parent, "{[0-9]*,pgsql*,postgresql*,libpq}")) {
            children.forEach(child -> found.add(child.resolve("bin")));
        } catch (IOException e) {
            return List.of();
        }
        return found;
    }

    /// A folder whose programs do not answer counts as one without.
    private static Optional<PgTools> version(Path folder) {
        Path dump = folder.resolve("pg_dump");
        if (!Files.isExecutable(dump) || !Files.isExecutable(folder.resolve("pg_restore"))) {
            return Optional.empty();
        }
        try {
            Process process =
                    new ProcessBuilder(dump.toString(), "--version")
                            .redirectErrorStream(true)
                            .start();
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return Optional.empty();
            }
            byte[] output = process.getInputStream().readAllBytes();
            Matcher version = VERSION.matcher(new String(output, StandardCharsets.UTF_8));
            return version.find()
                    ? Optional.of(new PgTools(folder, Integer.parseInt(version.group(1))))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LockstepException(Fault.INTERRUPTED, "looking for pg_dump", e);
        }
    }
}
