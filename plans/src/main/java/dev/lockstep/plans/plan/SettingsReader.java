package dev.lockstep.plans.plan;

import dev.lockstep.plans.catalog.Mask;
import dev.lockstep.plans.gate.GateSpec;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/// Reads how a plan is to be carried out. Each key has a default and a range.
final class SettingsReader {
    private static final long CHUNK_BYTES = 32 * Units.MIB;
    private static final long WAL_BYTES = 20 * Units.GIB;
    private static final int WORKERS = 2;

    private static final String MASK = "a list of globs on schema.table.column";
    private static final String MASKED =
            "a glob on schema.table.column, like \"public.customer.email\" or \"*.password\"";
    private static final String REPORTS = "a folder for reports, seen from the plan's";
    private static final String REPORTS_FOLDER = "lockstep-reports";
    private static final String FOLDER = "a folder with SQL migrations, seen from the plan's";

    private final Section plan;
    private final Path folder;

    SettingsReader(Section plan, Path folder) {
        this.plan = plan;
        this.folder = folder;
    }

    Plan.Schema schema() {
        Section schema = plan.sectionOrEmpty("schema", "copy", "expand", "contract");
        Plan.Schema.Copy copy =
                choice(schema, "copy", Plan.Schema.Copy.class).orElse(Plan.Schema.Copy.AUTO);
        Optional<Path> expand = folder(schema, "expand");
        Optional<Path> contract = folder(schema, "contract");
        if (expand.isPresent() && expand.equals(contract)) {
            schema.report(
                    schema.line("contract"),
                    "schema.expand and schema.contract are one folder, expected two: one runs"
                            + " before the copy, one when the move is completed");
        }
        return new Plan.Schema(copy, expand, contract);
    }

    Plan.Backfill backfill() {
        Section backfill = plan.sectionOrEmpty("backfill", "workers", "chunk", "rows-per-second");
        long workers =
                backfill.value("workers", "a whole number from 1 to 64", Units.number(1, 64))
                        .orElse((long) WORKERS);
        long chunk =
                backfill.value(
                                "chunk",
                                "a size from 8KiB to 16GiB, like 32MiB",
                                Units.size(8 * Units.KIB, 16 * Units.GIB))
                        .orElse(CHUNK_BYTES);
        OptionalLong rows =
                backfill.value(
                                "rows-per-second",
                                "unlimited or a whole number from 1 to 1000000000",
                                SettingsReader::rate)
                        .orElse(OptionalLong.empty());
        return new Plan.Backfill(Math.toIntExact(workers), chunk, rows);
    }

    Plan.Verify verify() {
        Section verify = plan.sectionOrEmpty("verify", "method", "max-age", "mask", "continuous");
        Plan.Verify.Method method =
                choice(verify, "method", Plan.Verify.Method.class)
                        .orElse(Plan.Verify.USUAL.method());
        Duration maxAge =
                verify.value(
                                "max-age",
                                "a time from 1s to 720h, like 15m",
                                Units.duration(Duration.ofSeconds(1), Duration.ofDays(30)))
                        .orElse(Plan.Verify.USUAL.maxAge());
        int continuous =
                verify.value(
                                "continuous",
                                "off or a share of time from 1% to 100%, like 10%",
                                SettingsReader::share)
                        .orElse(Plan.Verify.USUAL.continuousPercent());
        return new Plan.Verify(method, maxAge, new Mask(mask(verify)), continuous);
    }

    private static Optional<Integer> share(String text) {
        if (text.equals("off")) {
            return Optional.of(0);
        }
        return Optional.of(text)
                .filter(t -> t.endsWith("%"))
                .flatMap(t -> Units.number(1, 100).apply(t.substring(0, t.length() - 1)))
                .map(Math::toIntExact);
    }

    private static List<String> mask(Section verify) {
        List<Node> globs = verify.list("mask", MASK).orElse(List.of());
        return globs.stream()
                .flatMap(glob ->
                        verify.value("mask", glob, MASKED, SettingsReader::columnGlob).stream())
                .toList();
    }

    /// A glob that cannot match `schema.table.column` is a slip, and would show what it should
    /// hide.
    private static Optional<String> columnGlob(String text) {
        long dots = text.chars().filter(c -> c == '.').count();
        return Optional.of(text).filter(t -> dots >= 2 || t.contains("*"));
    }

    /// @param sides what a gate moves clients between
    Plan.Cutover cutover(GateReader.Sides sides) {
        Section cutover =
                plan.sectionOrEmpty(
                        "cutover", "gate", "max-lag", "max-pause", "terminate-blockers");
        Duration maxLag =
                cutover.value(
                                "max-lag",
                                "a time from 1ms to 1h, like 2s",
                                Units.duration(Duration.ofMillis(1), Duration.ofHours(1)))
                        .orElse(Plan.Cutover.USUAL.maxLag());
        Duration maxPause =
                cutover.value(
                                "max-pause",
                                "a time from 10ms to 1h, like 5s",
                                Units.duration(Duration.ofMillis(10), Duration.ofHours(1)))
                        .orElse(Plan.Cutover.USUAL.maxPause());
        Optional<Duration> terminate =
                cutover.value(
                                "terminate-blockers",
                                "never or a time from 1ms to 1h, like 1s",
                                SettingsReader::atSomeTime)
                        .filter(after -> !after.isZero());
        GateSpec gate = new GateReader(folder, maxPause).read(cutover, sides);
        return new Plan.Cutover(gate, maxLag, maxPause, terminate);
    }

    Plan.Complete complete() {
        Section complete = plan.sectionOrEmpty("complete", "old-side");
        return new Plan.Complete(
                choice(complete, "old-side", Plan.Complete.OldSide.class)
                        .orElse(Plan.Complete.OldSide.FREE));
    }

    Plan.Limits limits() {
        Section limits = plan.sectionOrEmpty("limits", "retained-wal");
        return new Plan.Limits(
                limits.value(
                                "retained-wal",
                                "a size from 1MiB to 1024TiB, like 20GiB",
                                Units.size(Units.MIB, 1024 * Units.TIB))
                        .orElse(WAL_BYTES));
    }

    /// The folder need not be there yet.
    Path reports() {
        return plan.value("reports", REPORTS, text -> path(folder, text))
                .orElseGet(() -> folder.resolve(REPORTS_FOLDER));
    }

    /// Zero stands for never.
    private static Optional<Duration> atSomeTime(String text) {
        return text.equals("never")
                ? Optional.of(Duration.ZERO)
                : Units.duration(Duration.ofMillis(1), Duration.ofHours(1)).apply(text);
    }

    private static Optional<OptionalLong> rate(String text) {
        return text.equals("unlimited")
                ? Optional.of(OptionalLong.empty())
                : Units.number(1, 1_000_000_000).apply(text).map(OptionalLong::of);
    }

    private static <E extends Enum<E>> Optional<E> choice(
            Section section, String key, Class<E> type) {
        List<E> all = Arrays.asList(type.getEnumConstants());
        String expected =
                all.stream().map(SettingsReader::written).collect(Collectors.joining(" or "));
        return section.value(
                key,
                expected,
                text -> all.stream().filter(one -> written(one).equals(text)).findFirst());
    }

    private static String written(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private Optional<Path> folder(Section schema, String key) {
        return schema.text(key, FOLDER)
                .flatMap(text -> {
                    Optional<Path> path = path(folder, text.value()).filter(Files::isDirectory);
                    if (path.isEmpty()) {
                        String found = text.found() + ", which is no folder in " + folder;
                        schema.wrong(key, text.line(), found, FOLDER);
                    }
                    return path;
                });
    }

    /// A path as the plan has it, seen from its folder.
    static Optional<Path> path(Path folder, String text) {
        try {
            return text.isEmpty()
                    ? Optional.empty()
                    : Optional.of(folder.resolve(text).normalize());
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }
}
