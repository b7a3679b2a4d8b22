package dev.lockstep.orchestrator.cli;

import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.testing.Pair;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/// A plan file between two databases, and the command line on it. Its changes wait in a broker that
/// all tests share, but for a plan that says where: to start one of its own takes a run a second.
record Move(String name, Path plan) {
    private static final String COPY_NONE = "schema: { copy: none }";
    private static final String EMBEDDED = "kafka: embedded";
    private static final AtomicInteger NAMES = new AtomicInteger();

    /// A plan with a name of its own. `more` is what follows source and target.
    static Move of(Path folder, Endpoint source, Endpoint target, String more) {
        return named("move-" + NAMES.incrementAndGet(), folder, source, target, more);
    }

    static Move named(String name, Path folder, Endpoint source, Endpoint target, String more) {
        String text =
                """
                lockstep: 1
                name: %s
                source: %s
                target: %s
                %s
                """
                        .formatted(name, written(source), written(target), logged(patient(more)));
        try {
            Path file = folder.resolve(name + "-" + NAMES.incrementAndGet() + ".yaml");
            return new Move(name, Files.writeString(file, text));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Between the databases of a pair, whose tables are there.
    static Move of(Path folder, Pair pair) {
        return of(folder, pair, COPY_NONE);
    }

    static Move of(Path folder, Pair pair, String more) {
        return of(folder, pair.source().endpoint(), pair.target().endpoint(), more);
    }

    /// As [#of], with a broker of its own inside the process, as plans have it that do not say.
    static Move alone(Path folder, Pair pair, String more) {
        return of(folder, pair, more + "\n" + EMBEDDED);
    }

    static Move alone(Path folder, Pair pair) {
        return alone(folder, pair, COPY_NONE);
    }

    static Move alone(Path folder, Endpoint source, Endpoint target, String more) {
        return of(folder, source, target, more + "\n" + EMBEDDED);
    }

    /// Beside other tests a pause is longer, and a cut waits for the transactions of all of them.
    private static String patient(String more) {
        return more.contains("cutover:")
                ? more
                : more.stripTrailing() + "\ncutover: { max-pause: 60s, max-lag: 60s }";
    }

    private static String logged(String more) {
        return more.contains("kafka:")
                ? more
                : "%s\nkafka: { bootstrap.servers: \"%s\" }"
                        .formatted(more.stripTrailing(), SharedBroker.servers());
    }

    /// The same name for a run of one table only.
    Move narrowedTo(Path folder, Pair pair, String table) {
        return again(folder, pair, "tables: { include: [\"%s\"] }".formatted(table));
    }

    /// The same run with a table left out.
    Move without(Path folder, Pair pair, String table) {
        return again(folder, pair, "tables: { exclude: [\"%s\"] }".formatted(table));
    }

    /// The same run with nothing that slows it down.
    Move unthrottled(Path folder, Pair pair) {
        return again(folder, pair, "");
    }

    private Move again(Path folder, Pair pair, String more) {
        return named(
                name,
                folder,
                pair.source().endpoint(),
                pair.target().endpoint(),
                String.join("\n", COPY_NONE, more, isAlone() ? EMBEDDED : ""));
    }

    private boolean isAlone() {
        try {
            return Files.readString(plan).contains(EMBEDDED);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String written(Endpoint endpoint) {
        return "{ url: \"%s\", user: \"%s\", password: \"%s\" }"
                .formatted(endpoint.url(), endpoint.user(), endpoint.password().reveal());
    }

    /// Runs a command on the plan in this process.
    Told told(String command, String... options) {
        return Told.by(
                Stream.concat(Stream.of(command, plan.toString()), Stream.of(options))
                        .toArray(String[]::new));
    }

    /// The folder beside the plan in which runs keep their files.
    Path state() {
        return plan.resolveSibling(".lockstep").resolve(name);
    }
}
