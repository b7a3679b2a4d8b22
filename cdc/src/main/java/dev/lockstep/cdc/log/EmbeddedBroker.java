package dev.lockstep.cdc.log;

import com.yammer.metrics.core.MetricsRegistry;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;
import org.apache.kafka.server.metrics.KafkaYammerMetrics;

/// A Kafka broker inside this process, on loopback only, with its data in one folder. A second
/// process on the same folder is refused by the broker's own lock.
public final class EmbeddedBroker implements AutoCloseable {
    /// Always the same: a folder that is formatted already is refused under another one.
    private static final Uuid CLUSTER = new Uuid(0x6c6f636b73746570L, 1);

    private static final int NODE = 1;
    private static final int ANSWER_MAX_MS = 3_000;
    private static final Duration END_MAX = Duration.ofSeconds(30);

    private final Path folder;
    private final int port = freePort();
    private KafkaRaftServer server;

    private EmbeddedBroker(Path folder) {
        this.folder = folder;
        this.server = boot();
    }

    /// Starts a broker on `folder`, which is made and formatted where it is new.
    public static EmbeddedBroker start(Path folder) {
        // A broker that gives up ends its process; ours has databases to leave in order.
        Exit.setExitProcedure(EmbeddedBroker::refuseToExit);
        Exit.setHaltProcedure(EmbeddedBroker::refuseToExit);
        return new EmbeddedBroker(folder);
    }

    private KafkaRaftServer boot() {
        try {
            Files.createDirectories(folder);
            format(folder);
            KafkaRaftServer booted =
                    new KafkaRaftServer(
                            KafkaConfig.fromProps(properties(folder, port, freePort()), false),
                            Time.SYSTEM);
            booted.startup();
            return booted;
        } catch (Exception e) {
            throw new LockstepException(
                    Fault.LOG_FAILED,
                    ("the embedded Kafka broker did not start on folder \"%s\": %s; check "
                                    + "that the folder"
                                    + " can be written, that its disk has room and that no "
                                    + "other process"
                                    + " uses it")
                            .formatted(folder, rootMessage(e)),
                    e);
        }
    }

    /// Where clients connect.
    public String bootstrapServers() {
        return "127.0.0.1:" + port;
    }

    /// Starts it again on its folder and its port where it does not answer any more: a broker gives
    /// up for good when it cannot write, as on a full disk, and nothing of it comes back by itself.
    public synchronized void revive() {
        if (!isWell()) {
            end();
            server = boot();
        }
    }

    /// Whether its controller answers and its folder is in use. Whoever has lost them goes on to
    /// answer what it remembers.
    private boolean isWell() {
        Map<String, Object> client =
                Map.of(
                        "bootstrap.servers",
                        bootstrapServers(),
                        "request.timeout.ms",
                        ANSWER_MAX_MS,
                        "default.api.timeout.ms",
                        ANSWER_MAX_MS);
        try (Admin admin = Admin.create(client)) {
            var _ = admin.describeMetadataQuorum().quorumInfo().get();
            return admin.describeLogDirs(List.of(NODE)).allDescriptions().get().values().stream()
                    .flatMap(dirs -> dirs.values().stream())
                    .allMatch(description -> description.error() == null);
        } catch (ExecutionException | KafkaException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /// One that has given up waits minutes for itself, unless it is interrupted.
    private void end() {
        Thread ending = Thread.ofPlatform().name("broker-end").start(this::close);
        long deadline = System.nanoTime() + END_MAX.toNanos();
        try {
            while (!ending.join(Duration.ofSeconds(2))) {
                ending.interrupt();
                if (System.nanoTime() > deadline) {
                    throw new LockstepException(
                            Fault.LOG_FAILED,
                            ("the embedded Kafka broker on folder \"%s\" has given up and does not "
                                            + "end; end this process, then run again")
                                    .formatted(folder));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        try {
            server.shutdown();
            server.awaitShutdown();
        } finally {
            forgetMeasures();
        }
    }

    /// Kafka forgets some measures of a broker with its JVM only, and each leads to all of it.
    private static void forgetMeasures() {
        MetricsRegistry measures = KafkaYammerMetrics.defaultRegistry();
        measures.allMetrics().keySet().forEach(measures::removeMetric);
    }

    private static void refuseToExit(
            int status, @org.jspecify.annotations.Nullable String message) {
        throw new LockstepException(
                Fault.LOG_FAILED,
                "the embedded Kafka broker gave up (status %d): %s; check its folder's disk"
                        .formatted(status, message));
    }

    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage());
    }

    private static void format(Path folder) throws Exception {
        Formatter formatter = new Formatter();
        formatter
                .setPrintStream(
                        new PrintStream(
                                OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
                .setNodeId(NODE)
                .setClusterId(CLUSTER.toString())
                .setReleaseVersion(MetadataVersion.LATEST_PRODUCTION)
                .setControllerListenerName("CONTROLLER")
                .setMetadataLogDirectory(folder.toString());
        formatter.addDirectory(folder.toString());
        formatter.setIgnoreFormatted(true);
        formatter.run();
    }

    private static Properties properties(Path folder, int port, int controllerPort) {
        Properties p = new Properties();
        p.setProperty("process.roles", "broker,controller");
        p.setProperty("node.id", Integer.toString(NODE));
        p.setProperty("controller.quorum.voters", NODE + "@127.0.0.1:" + controllerPort);
        p.setProperty(
                "listeners",
                "PLAINTEXT://127.0.0.1:%s,CONTROLLER://127.0.0.1:%s"
                        .formatted(port, controllerPort));
        p.setProperty("advertised.listeners", "PLAINTEXT://127.0.0.1:" + port);
        p.setProperty("controller.listener.names", "CONTROLLER");
        p.setProperty("inter.broker.listener.name", "PLAINTEXT");
        p.setProperty("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        p.setProperty("log.dirs", folder.toString());
        p.setProperty("offsets.topic.replication.factor", "1");
        p.setProperty("offsets.topic.num.partitions", "1");
        p.setProperty("transaction.state.log.replication.factor", "1");
        p.setProperty("transaction.state.log.min.isr", "1");
        p.setProperty("share.coordinator.state.topic.replication.factor", "1");
        p.setProperty("share.coordinator.state.topic.min.isr", "1");
        // A broker that was killed is let in again only when its last life has timed out.
        p.setProperty("broker.heartbeat.interval.ms", "500");
        p.setProperty("broker.session.timeout.ms", "2000");
        p.setProperty("num.network.threads", "1");
        p.setProperty("num.io.threads", "2");
        p.setProperty("background.threads", "2");
        p.setProperty("log.cleaner.enable", "true");
        p.setProperty("log.cleaner.dedupe.buffer.size", "2097152");
        p.setProperty("log.retention.check.interval.ms", "10000");
        p.setProperty("group.initial.rebalance.delay.ms", "0");
        return p;
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new LockstepException(
                    Fault.LOG_FAILED, "no free port for the embedded Kafka broker: " + e, e);
        }
    }
}
