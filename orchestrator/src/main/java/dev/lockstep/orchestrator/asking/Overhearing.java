package dev.lockstep.orchestrator.asking;

import dev.lockstep.orchestrator.run.Note;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/// Passes on what the process that was asked says that it is at.
///
/// Thread rule: one thread.
final class Overhearing {
    private static final Duration SAY_EVERY = Duration.ofSeconds(2);

    /// That time goes by is no news.
    private static final Pattern PASSING = Pattern.compile("\\d+ s\\b");

    private final Session session;
    private final String run;
    private final Watcher watcher;
    private long saidAt = System.nanoTime();
    private String said = "";

    /// @param session on the target
    Overhearing(Session session, String run, Watcher watcher) {
        this.session = session;
        this.run = run;
        this.watcher = watcher;
    }

    void listen() {
        if (System.nanoTime() - saidAt < SAY_EVERY.toNanos()) {
            return;
        }
        Note.find(session, run)
                .filter(Note.Found::fresh)
                .flatMap(found -> Optional.ofNullable(found.note().doing()))
                .filter(doing -> !PASSING.matcher(doing).replaceAll("").equals(said))
                .ifPresent(doing -> {
                    watcher.say(doing);
                    said = PASSING.matcher(doing).replaceAll("");
                });
        saidAt = System.nanoTime();
    }
}
