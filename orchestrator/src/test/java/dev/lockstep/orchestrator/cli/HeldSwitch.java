package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.nio.file.Path;

/// A switch of table `item` that stands at its locks while its gate holds clients.
final class HeldSwitch {
    /// The gate shows by a file whether clients are held.
    static final String PLAN =
            """
            schema: { copy: none }
            cutover:
              max-pause: 60s
              max-lag: 60s
              gate:
                hooks:
                  hold: { run: [touch, held], undo: { run: [rm, held] } }
            """;

    private HeldSwitch() {}

    /// What it waits for, until that commits.
    static Session writer(Db db) {
        Session writer = db.session("writer");
        writer.begin();
        writer.run("LOCK TABLE public.item IN ROW EXCLUSIVE MODE");
        return writer;
    }

    static void await(Db db, Path folder) {
        Sides.awaitFence(db);
        assertThat(file(folder)).exists();
    }

    static void isUndone(Path folder) {
        assertThat(file(folder)).doesNotExist();
    }

    private static Path file(Path folder) {
        return folder.resolve("held");
    }
}
