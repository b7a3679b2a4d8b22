package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.log.EmbeddedBroker;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.Pair;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Moves whose changes wait in a Kafka of the operator's.
class ClusterRunTest {
    @TempDir private static Path brokerFolder = Path.of("");
    private static Optional<EmbeddedBroker> broker = Optional.empty();

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    @TempDir Path folder = Path.of("");

    @BeforeAll
    static void start() {
        broker = Optional.of(EmbeddedBroker.start(brokerFolder));
    }

    @AfterAll
    static void stop() {
        broker.ifPresent(EmbeddedBroker::close);
    }

    @BeforeEach
    void fill() {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY, name text)");
        Pair.run(source, "INSERT INTO item SELECT n, 'name' FROM generate_series(1, 100) n");
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private static String servers() {
        return broker.orElseThrow().bootstrapServers();
    }

    private Move move(String servers) {
        return Move.of(
                folder,
                pair,
                """
                schema: { copy: none }
                kafka:
                  bootstrap.servers: "%s"
                  client.id: mover
                """
                        .formatted(servers));
    }

    /// All topics of the cluster but Kafka's own.
    private static Set<String> topics() throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers()))) {
            return admin.listTopics().names().get(30, TimeUnit.SECONDS);
        }
    }

    @Test
    void changesWaitInTheClusterAndNoTopicIsLeft() throws Exception {
        Move move = move(servers());
        try (LiveRun run = LiveRun.inStep(move)) {
            assertThat(topics()).containsExactly("lockstep." + move.name() + ".0");
            assertThat(move.state().resolve("kafka")).doesNotExist();
            Pair.run(source, "DELETE FROM item WHERE id = 1");
            Sides.shows(target, "SELECT count(*) FROM item", "(99)");
            move.told("cutover").done();
            Pair.run(target, "DELETE FROM item WHERE id = 2");
            Sides.shows(source, "SELECT count(*) FROM item", "(98)");
            assertThat(topics()).containsExactly("lockstep." + move.name() + ".1");
            assertThat(run.stop().exit()).isEqualTo(130);
        }
        move.told("complete").done();
        assertThat(topics()).isEmpty();
        Sides.areLeftClean(pair);
        assertThat(move.state()).doesNotExist();
    }

    @Test
    void aClusterThatGoesAwayAndComesBackHasLostNothing() {
        EmbeddedBroker cluster = broker.orElseThrow();
        Move move = move(servers());
        try (LiveRun run = LiveRun.inStep(move)) {
            Pair.run(source, "UPDATE item SET name = 'before' WHERE id <= 30");
            cluster.close();
            Pair.run(source, "UPDATE item SET name = 'away' WHERE id <= 20");
            cluster.revive();
            Pair.run(source, "UPDATE item SET name = 'back' WHERE id <= 10");
            Sides.shows(
                    target,
                    "SELECT name, count(*) FROM item GROUP BY name ORDER BY name",
                    "(away,10)",
                    "(back,10)",
                    "(before,10)",
                    "(name,70)");
            move.told("cutover").done();
            cluster.close();
            Pair.run(target, "DELETE FROM item WHERE id > 10");
            cluster.revive();
            Sides.shows(source, "SELECT count(*) FROM item", "(10)");
            move.told("complete").done();
            run.ended().done();
        }
        Sides.areLeftClean(pair);
    }

    @Test
    void anAbortedRunLeavesNoTopicEither() throws Exception {
        Move move = move(servers());
        try (LiveRun run = LiveRun.inStep(move)) {
            assertThat(topics()).hasSize(1);
            move.told("abort").done();
            run.ended().done();
        }
        assertThat(topics()).isEmpty();
        Sides.areLeftClean(pair);
    }

    @Test
    void aClusterThatDoesNotAnswerIsFoundOutBeforeAnythingIsDone() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        Refusals.ofRun(move("127.0.0.1:" + port), source, target)
                .refused(
                        4, "LOG_FAILED", "127.0.0.1:" + port, "does not answer", "kafka.bootstrap");
        Refusals.ofRun(move("nowhere.invalid:9092"), source, target)
                .refused(4, "LOG_FAILED", "nowhere.invalid:9092", "kafka.bootstrap.servers");
    }

    @Test
    void topicsOfAnotherRunAreNotTakenForOnesOwn() throws Exception {
        Move move = move(servers());
        String topic = "lockstep." + move.name() + ".0";
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers()))) {
            NewTopic taken = new NewTopic(topic, Optional.of(1), Optional.empty());
            admin.createTopics(List.of(taken)).all().get(30, TimeUnit.SECONDS);
            Refusals.ofRun(move, source, target)
                    .refused(4, "NAME_IN_USE", move.name(), servers(), topic);
            admin.deleteTopics(List.of(topic)).all().get(30, TimeUnit.SECONDS);
        }
    }
}
