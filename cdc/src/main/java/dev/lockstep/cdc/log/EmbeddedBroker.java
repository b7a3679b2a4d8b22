package dev.lockstep.cdc.log;

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
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;

/// A Kafka broker inside this process, on loopback only, with its data in one folder. A second
/// process on the same folder is refused by the broker's own lock.
public final class EmbeddedBroker implements AutoCloseable {
    /// Always the same: a folder that is formatted already is refused under another one.
    private static final Uuid CLUSTER = new Uuid(0x6c6f636b73746570L, 1);

    private final KafkaRaftServer server;
    private final int port;

    private EmbeddedBroker(KafkaRaftServer server, int port) {
        this.server = server;
        this.port = port;
    }

    /// Starts a broker on `folder`, which is made and formatted where it is new.
    public static EmbeddedBroker start(Path folder) {
        // A broker that gives up ends its process; ours has databases to leave in order.
        Exit.setExitProcedure(EmbeddedBroker::refuseToExit);
        Exit.setHaltProcedure(EmbeddedBroker::refuseToExit);
        try {
            Files.createDirectories(folder);
            int port = freePort();
            int controllerPort = freePort();
            format(folder);
            KafkaRaftServer server =
                    new KafkaRaftServer(
                            KafkaConfig.fromProps(properties(folder, port, controllerPort), false),
                            Time.SYSTEM);
            server.startup();
            return new EmbeddedBroker(server, port);
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

    @Override
    public void close() {
        server.shutdown();
        server.awaitShutdown();
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
                .setNodeId(1)
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
        p.setProperty("node.id", "1");
        p.setProperty("controller.quorum.voters", "1@127.0.0.1:" + controllerPort);
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
        p.setProperty("broker.session.timeout.ms", "3000");
        p.setProperty("num.network.threads", "1");
        p.setProperty("num.io.threads", "2");
        p.setProperty("background.threads", "2");
        p.setProperty("log.cleaner.enable", "true");
        p.setProperty("log.cleaner.dedupe.buffer.size", "2097152");
        p.setProperty("log.retention.check.interval.ms", "10000");
        p.setProperty("group.initial.rebalance.delay.ms", "0");
        return p;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
