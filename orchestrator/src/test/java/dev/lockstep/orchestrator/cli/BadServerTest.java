package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Secret;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Servers that are not there, do not let the user in, or are not set up for a run.
class BadServerTest {
    private static final String COPY_NONE = "schema: { copy: none }";

    /// For all commands together; the connection pool alone would try for longer.
    private static final Duration SOON = Duration.ofSeconds(30);

    private static PostgresServer weak = PostgresServer.shared();

    private final Pair pair = Pair.create();
    @TempDir Path folder = Path.of("");

    @BeforeAll
    static void start() {
        weak =
                PostgresServer.start(
                        Map.of(
                                "wal_level", "replica",
                                "max_replication_slots", "1",
                                "max_wal_senders", "1"));
    }

    @AfterAll
    static void stop() {
        weak.stop();
    }

    @BeforeEach
    void fill() {
        pair.onBoth("CREATE TABLE item (id bigint PRIMARY KEY, name text)");
    }

    @AfterEach
    void close() {
        pair.close();
    }

    /// The refusal of a run whose source is `source`; the plan's target is fine.
    private Told withSource(UnaryOperator<Endpoint> source) {
        Endpoint from = source.apply(pair.source().endpoint());
        return refused(Move.alone(folder, from, pair.target().endpoint(), COPY_NONE));
    }

    private Told withTarget(UnaryOperator<Endpoint> target) {
        Endpoint to = target.apply(pair.target().endpoint());
        return refused(Move.alone(folder, pair.source().endpoint(), to, COPY_NONE));
    }

    private Told refused(Move move) {
        return Refusals.ofRun(move, pair.source(), pair.target());
    }

    private static Endpoint elsewhere(Endpoint endpoint) {
        String url = endpoint.url().replaceAll(":\\d+/", ":" + closedPort() + "/");
        return new Endpoint(url, endpoint.user(), endpoint.password());
    }

    private static int closedPort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aServerThatIsNotThereIsNamedAtOnce() {
        long start = System.nanoTime();
        withSource(BadServerTest::elsewhere)
                .refused(4, "UNREACHABLE", "cannot connect", pair.source().endpoint().database());
        withTarget(BadServerTest::elsewhere)
                .refused(4, "UNREACHABLE", "cannot connect", pair.target().endpoint().database());
        Move move =
                Move.alone(
                        folder,
                        pair.source().endpoint(),
                        elsewhere(pair.target().endpoint()),
                        COPY_NONE);
        for (String command : new String[] {"status", "journal", "cutover"}) {
            move.told(command).refused(4, "UNREACHABLE", "check that the server runs");
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(SOON);
    }

    @Test
    void aDatabaseThatDoesNotExistIsNamed() {
        withSource(e -> new Endpoint(e.url() + "x", e.user(), e.password()))
                .refused(4, "PRECONDITION", pair.source().endpoint().database() + "x\" does not");
        withTarget(e -> new Endpoint(e.url() + "x", e.user(), e.password()))
                .refused(4, "PRECONDITION", pair.target().endpoint().database() + "x\" does not");
    }

    @Test
    void aPasswordThatIsNotAcceptedIsNotShown() throws IOException {
        Db admin = pair.source();
        Pair.run(admin, "CREATE ROLE locked LOGIN PASSWORD 'right'");
        Path rules =
                Path.of(
                        Pair.rows(admin, "SELECT current_setting('hba_file')")
                                .getFirst()
                                .replaceAll("[()]", ""));
        String before = Files.readString(rules);
        try {
            Files.writeString(rules, "host all locked all scram-sha-256\n" + before);
            Pair.run(admin, "SELECT pg_reload_conf()");
            Told told = withSource(e -> new Endpoint(e.url(), "locked", new Secret("wrong")));
            told.refused(4, "LOGIN_REFUSED", "refused user \"locked\"", "check user, password");
            assertThat(told.err()).doesNotContain("wrong");
            withTarget(e -> new Endpoint(e.url(), "locked", new Secret("")))
                    .refused(4, "LOGIN_REFUSED", "\"locked\"");
            withTarget(e -> new Endpoint(e.url(), "nobody", new Secret("wrong")))
                    .refused(4, "LOGIN_REFUSED", "\"nobody\"");
            bothAreTold(new Secret("wrong"));
        } finally {
            Files.writeString(rules, before);
            Pair.run(admin, "SELECT pg_reload_conf()");
        }
    }

    private void bothAreTold(Secret password) {
        Endpoint from = pair.source().endpoint();
        Endpoint to = pair.target().endpoint();
        Move move =
                Move.alone(
                        folder,
                        new Endpoint(from.url(), "locked", password),
                        new Endpoint(to.url(), "nobody", password),
                        COPY_NONE);
        for (String command : new String[] {"run", "status", "validate"}) {
            move.told(command)
                    .refused(
                            4,
                            "LOGIN_REFUSED",
                            "\n  - database \"%s\" refused user \"locked\"".formatted(from.label()),
                            "\n  - database \"%s\" refused user \"nobody\"".formatted(to.label()));
        }
    }

    @Test
    void aServerThatCannotDecodeItsChangesIsRefusedWithTheSettingsThatHelp() {
        try (Db source = weak.database()) {
            Pair.run(source, "CREATE TABLE item (id bigint PRIMARY KEY, name text)");
            Move move = Move.alone(folder, source.endpoint(), pair.target().endpoint(), COPY_NONE);
            Refusals.ofRun(move, source, pair.target())
                    .refused(
                            4,
                            "PRECONDITION",
                            source.label() + "\" has wal_level=replica; set wal_level = logical",
                            "has 1 free of max_replication_slots=1; 2 are needed",
                            "has 1 free of max_wal_senders=1; 2 are needed");
        }
    }

    @Test
    void theTargetsServerNeedsTheSameForTheWayBack() {
        try (Db target = weak.database()) {
            Pair.run(target, "CREATE TABLE item (id bigint PRIMARY KEY, name text)");
            Pair.run(target, "SELECT pg_create_physical_replication_slot('taken')");
            try {
                Move move =
                        Move.alone(folder, pair.source().endpoint(), target.endpoint(), COPY_NONE);
                Refusals.ofRun(move, pair.source(), target)
                        .refused(
                                4,
                                "PRECONDITION",
                                target.label() + "\" has wal_level=replica",
                                "has 0 free of max_replication_slots=1; 2 are needed");
            } finally {
                Pair.run(target, "SELECT pg_drop_replication_slot('taken')");
            }
        }
    }
}
