package dev.lockstep.orchestrator.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.orchestrator.run.Json;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.plans.fault.LockstepException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes reports into the plan's folder for them, in one of the run's own. A report is there whole
/// or not at all.
final class Reports {
    private static final Logger log = LoggerFactory.getLogger(Reports.class);
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    private Reports() {}

    /// Writes what `report` makes, as JSON and as a page. Whatever goes wrong is told in the log,
    /// and that is all: the journal has what counts.
    static void write(Run run, String kind, Supplier<Object> report) {
        Path folder = run.plan().reports().folder().resolve(run.name());
        try {
            JsonNode tree = Json.treeOf(report.get());
            Files.createDirectories(folder);
            String name = freeName(folder, STAMP.format(run.clock().instant()) + "-" + kind);
            String title = "%s of run \"%s\"".formatted(kind, run.name());
            put(folder.resolve(name + ".json"), Json.pretty(tree));
            put(folder.resolve(name + ".html"), HtmlPage.of(title, tree));
        } catch (IOException | RuntimeException e) {
            log.atWarn()
                    .addKeyValue("folder", folder)
                    .addKeyValue("problem", e.toString())
                    .log("the report of a {} could not be written; the journal has it", kind);
        }
    }

    private static String freeName(Path folder, String wanted) {
        String name = wanted;
        for (int n = 2; Files.exists(folder.resolve(name + ".json")); n++) {
            name = wanted + "-" + n;
        }
        return name;
    }

    private static void put(Path file, String text) throws IOException {
        Path unfinished = Files.createTempFile(file.getParent(), ".report", ".new");
        try {
            Files.writeString(unfinished, text);
            Files.move(
                    unfinished,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    /// What is asked of a database for a report alone.
    static <T> T unlessFails(T otherwise, Supplier<T> fact) {
        try {
            return fact.get();
        } catch (LockstepException e) {
            return otherwise;
        }
    }
}
