package dev.lockstep.plans.sql;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ends connections on which this process waits for the server while the server waits for this
/// process, or has gone: an answer or a question was lost. A network that drops packets without a
/// word, or a proxy that stands still, leaves both ends so for hours. A statement that takes long
/// is none of these, since the server works on it.
///
/// Thread rule: a thread of its own looks; connections are added from any.
final class StallWatch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(StallWatch.class);

    /// Who serves a connection, and what tells that server from others.
    static final String SERVED =
            """
            SELECT pg_backend_pid(), concat_ws(' ', system_identifier, inet_server_addr(),
                                               inet_server_port()) AS server
              FROM pg_control_system()\
            """;

    /// Those of the asked backends that are at work or wait for something that is not the client.
    private static final String BUSY =
            """
            SELECT pid FROM pg_stat_activity
             WHERE pid = ANY (?::int[]) AND wait_event_type IS DISTINCT FROM 'Client'\
            """;

    private static final String END =
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE pid = ? AND usename = current_user AND datname = current_database()
               AND application_name LIKE 'lockstep%'\
            """;

    private static final int UNHEARD_TIMES = 8;

    private final String label;
    private final Supplier<Session> probe;
    private final Patience patience;
    private final Set<WatchedSockets.Line> lines = ConcurrentHashMap.newKeySet();
    private Map<WatchedSockets.Line, Long> suspects = Map.of();
    private long mute;
    private @Nullable ScheduledExecutorService looks;

    /// How long a connection may wait before it is looked at, and how long lies between two looks.
    record Patience(Duration waits, Duration look) {
        static final Patience USUAL = new Patience(Duration.ofSeconds(15), Duration.ofSeconds(5));
    }

    /// @param probe makes a connection of its own, soon or not at all
    StallWatch(String label, Supplier<Session> probe, Patience patience) {
        this.label = label;
        this.probe = probe;
        this.patience = patience;
    }

    synchronized void add(WatchedSockets.Line line) {
        lines.add(line);
        if (looks == null) {
            looks =
                    Executors.newSingleThreadScheduledExecutor(
                            work -> Thread.ofVirtual().name("stalls " + label).unstarted(work));
            long millis = patience.look().toMillis();
            var _ = looks.scheduleWithFixedDelay(this::look, millis, millis, TimeUnit.MILLISECONDS);
        }
    }

    private void look() {
        lines.removeIf(WatchedSockets.Line::isClosed);
        Map<WatchedSockets.Line, Long> waiting = new HashMap<>();
        for (WatchedSockets.Line line : lines) {
            line.waitingSince()
                    .ifPresent(since -> {
                        if (System.nanoTime() - since > patience.waits().toNanos()) {
                            waiting.put(line, since);
                        }
                    });
        }
        if (waiting.isEmpty()) {
            suspects = Map.of();
            mute = 0;
            return;
        }
        try (Session session = probe.get()) {
            mute = 0;
            String server = session.row(SERVED, row -> row.text("server")).orElseThrow();
            waiting.keySet().removeIf(line -> !line.server().equals(server));
            judge(session, waiting);
        } catch (RuntimeException e) {
            if (SqlStates.isUnanswered(e)) {
                judgeUnheard(waiting);
            }
        }
    }

    /// Twice in the same wait, with the server waiting too, cannot be an answer on its way.
    private void judge(Session session, Map<WatchedSockets.Line, Long> waiting) {
        String pids =
                "{" + String.join(",", waiting.keySet().stream().map(StallWatch::pid).toList());
        Set<String> busy = new HashSet<>(session.rows(BUSY, row -> row.text("pid"), pids + "}"));
        Map<WatchedSockets.Line, Long> next = new HashMap<>();
        waiting.forEach((line, since) -> {
            if (busy.contains(pid(line))) {
                return;
            }
            if (since.equals(suspects.get(line))) {
                log.atWarn()
                        .addKeyValue("database", label)
                        .addKeyValue("backend", line.backend())
                        .log("a connection stalled: this side and the server wait for each other");
                line.cut();
                session.rows(END, row -> row.textAt(1), line.backend());
            } else {
                next.put(line, since);
            }
        });
        suspects = next;
    }

    /// The server cannot be asked for long. What waits for it is given up, though it may be that
    /// only new connections cannot be made.
    private void judgeUnheard(Map<WatchedSockets.Line, Long> waiting) {
        long now = System.nanoTime();
        if (mute == 0) {
            mute = now;
        } else if (now - mute > patience.waits().toNanos() * UNHEARD_TIMES) {
            log.atWarn()
                    .addKeyValue("database", label)
                    .addKeyValue("connections", waiting.size())
                    .log("the server does not answer; what waits for it is cut off");
            List.copyOf(waiting.keySet()).forEach(WatchedSockets.Line::cut);
        }
    }

    private static String pid(WatchedSockets.Line line) {
        return Integer.toString(line.backend());
    }

    @Override
    public synchronized void close() {
        if (looks != null) {
            looks.shutdownNow();
        }
    }
}
