package dev.lockstep.cdc.log;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/// The topic of one stream: one partition, never compacted, never expired by time; only what the
/// standby has is trimmed.
public final class ChangeLog implements AutoCloseable {
    private static final Duration ANSWER_MAX = Duration.ofSeconds(30);
    private static final Duration REACH_MAX = Duration.ofSeconds(10);
    private static final int SEGMENT_BYTES = 64 * 1024 * 1024;

    /// An epoch belongs to one process, so what counts here tells its writers apart.
    private static final AtomicLong ATTEMPTS = new AtomicLong();

    private final Map<String, String> client;
    private final boolean ownBroker;
    private final String topic;
    private final TopicPartition partition;
    private final Admin admin;

    /// @param client properties for every Kafka client, `bootstrap.servers` among them
    /// @param ownBroker whether there is one broker only, so that a record must be on its disk
    ///   before it counts as kept
    public ChangeLog(Map<String, String> client, boolean ownBroker, String topic) {
        this.client = Map.copyOf(client);
        this.ownBroker = ownBroker;
        this.topic = topic;
        this.partition = new TopicPartition(topic, 0);
        this.admin = reach(client, () -> Admin.create(new HashMap<>(client)));
    }

    /// The topics of a cluster whose names begin with `prefix`. Fails soon where it does not
    /// answer.
    public static List<String> topics(Map<String, String> client, String prefix) {
        Map<String, Object> settings = new HashMap<>(client);
        settings.put("request.timeout.ms", (int) REACH_MAX.toMillis());
        settings.put("default.api.timeout.ms", (int) REACH_MAX.toMillis());
        try (Admin admin = Admin.create(settings)) {
            return admin.listTopics().names().get().stream()
                    .filter(name -> name.startsWith(prefix))
                    .sorted()
                    .toList();
        } catch (ExecutionException | KafkaException e) {
            throw unreachable(client, e.getCause() == null ? e : e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LockstepException(Fault.INTERRUPTED, "interrupted: list topics", e);
        }
    }

    private static <T> T reach(Map<String, String> client, Supplier<T> work) {
        try {
            return work.get();
        } catch (InterruptException e) {
            throw new LockstepException(Fault.INTERRUPTED, "interrupted while Kafka was asked", e);
        } catch (KafkaException e) {
            throw unreachable(client, e.getCause() == null ? e : e.getCause());
        }
    }

    private static LockstepException unreachable(Map<String, String> client, Throwable cause) {
        return new LockstepException(
                Fault.LOG_FAILED,
                ("Kafka at \"%s\" does not answer: %s; check that it runs, and the plan's "
                                + "kafka.bootstrap.servers and other properties below kafka")
                        .formatted(client.get("bootstrap.servers"), cause.getMessage()),
                cause);
    }

    /// Makes the topic where it is missing.
    public void create() {
        Map<String, String> settings = new HashMap<>();
        settings.put("cleanup.policy", "delete");
        settings.put("retention.ms", "-1");
        settings.put("retention.bytes", "-1");
        settings.put("segment.bytes", Integer.toString(SEGMENT_BYTES));
        settings.put("message.timestamp.type", "LogAppendTime");
        if (ownBroker) {
            settings.put("flush.messages", "1");
            settings.put("file.delete.delay.ms", "1000");
        }
        NewTopic wanted = new NewTopic(topic, Optional.of(1), Optional.empty()).configs(settings);
        try {
            answer("create topic", admin.createTopics(List.of(wanted)).all());
        } catch (LockstepException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw e;
            }
        }
    }

    /// Removes the topic with all that is in it; harmless where there is none.
    public void delete() {
        try {
            answer("delete topic", admin.deleteTopics(List.of(topic)).all());
        } catch (LockstepException e) {
            if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                throw e;
            }
        }
    }

    /// Forgets what lies before `offset`.
    public void trim(long offset) {
        answer(
                "trim topic",
                admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(offset))).all());
    }

    /// A writer whose records beat those of every lower epoch, and those of every earlier writer of
    /// its own.
    public LogAppender appender(long epoch) {
        Map<String, Object> settings = new HashMap<>(client);
        settings.put("acks", "all");
        settings.put("enable.idempotence", true);
        settings.put("max.in.flight.requests.per.connection", 5);
        settings.put("linger.ms", 2);
        settings.put("batch.size", 256 * 1024);
        settings.put("buffer.memory", 32L * 1024 * 1024);
        settings.put("max.request.size", 1024 * 1024);
        settings.put("max.block.ms", 60_000);
        settings.put("delivery.timeout.ms", 60_000);
        settings.put("request.timeout.ms", 20_000);
        settings.put("compression.type", ownBroker ? "none" : "lz4");
        return new LogAppender(
                reach(
                        client,
                        () ->
                                new KafkaProducer<>(
                                        settings,
                                        new ByteArraySerializer(),
                                        new ByteArraySerializer())),
                topic,
                new LogRecord.Writer(epoch, ATTEMPTS.incrementAndGet()));
    }

    /// A reader at the start of what is kept.
    public LogReader reader() {
        KafkaConsumer<byte[], byte[]> consumer = consumer();
        consumer.assign(List.of(partition));
        consumer.seekToBeginning(List.of(partition));
        return new LogReader(consumer, partition);
    }

    /// A reader at the record with this offset.
    public LogReader readerAt(long offset) {
        KafkaConsumer<byte[], byte[]> consumer = consumer();
        consumer.assign(List.of(partition));
        consumer.seek(partition, offset);
        return new LogReader(consumer, partition);
    }

    /// The last commit that the log holds; empty where it holds none.
    public Optional<Change.Commit> lastCommit() {
        return reach(client, this::findLastCommit);
    }

    private Optional<Change.Commit> findLastCommit() {
        KafkaConsumer<byte[], byte[]> consumer = consumer();
        try (LogReader reader = new LogReader(consumer, partition)) {
            consumer.assign(List.of(partition));
            consumer.seekToEnd(List.of(partition));
            long end = consumer.position(partition);
            consumer.seekToBeginning(List.of(partition));
            long start = consumer.position(partition);
            Optional<Change.Commit> found = Optional.empty();
            long from = end;
            for (long back = 16; found.isEmpty() && from > start; back *= 8) {
                from = Math.max(start, end - back);
                consumer.seek(partition, from);
                found = reader.lastCommitBefore(end);
            }
            return found;
        }
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        Map<String, Object> settings = new HashMap<>(client);
        settings.put("enable.auto.commit", false);
        settings.put("auto.offset.reset", "none");
        settings.put("fetch.max.bytes", 8 * 1024 * 1024);
        settings.put("max.partition.fetch.bytes", 8 * 1024 * 1024);
        settings.put("max.poll.records", 16);
        settings.put("allow.auto.create.topics", false);
        return reach(
                client,
                () ->
                        new KafkaConsumer<>(
                                settings,
                                new ByteArrayDeserializer(),
                                new ByteArrayDeserializer()));
    }

    private <T> T answer(String doing, KafkaFuture<T> future) {
        try {
            return future.get(ANSWER_MAX.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw failed(doing, e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            throw failed(doing, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LockstepException(Fault.INTERRUPTED, "interrupted: " + doing, e);
        }
    }

    private LockstepException failed(String doing, Throwable cause) {
        return new LockstepException(
                Fault.LOG_FAILED,
                "Kafka at \"%s\" did not %s \"%s\": %s"
                        .formatted(
                                client.get("bootstrap.servers"), doing, topic, cause.getMessage()),
                cause);
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(5));
    }
}
