package dev.lockstep.cdc.log;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/// Reads a stream's changes in order. Belongs to one thread.
public final class LogReader implements AutoCloseable {
    private static final Duration SILENCE_MAX = Duration.ofSeconds(30);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final TopicPartition partition;
    private final LogRecord.Joiner joiner = new LogRecord.Joiner();
    private long frameStart;

    LogReader(KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition) {
        this.consumer = consumer;
        this.partition = partition;
    }

    /// What a reader finds.
    public interface Sink {
        /// A new writer took over, or records are missing: what is unfinished will never be
        /// finished.
        void onTorn();

        /// The next change, out of the record that starts at `offset`.
        void onChange(long offset, Change change);
    }

    /// Waits up to `atMost` for records and gives their changes to `sink`; says whether any came.
    public boolean poll(Duration atMost, Sink sink) {
        try {
            boolean any = false;
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(atMost)) {
                any = true;
                accept(record, sink);
            }
            return any;
        } catch (KafkaException e) {
            throw new LockstepException(
                    Fault.LOG_FAILED,
                    "cannot read topic \"%s\": %s".formatted(partition.topic(), e.getMessage()),
                    e);
        }
    }

    private void accept(ConsumerRecord<byte[], byte[]> record, Sink sink) {
        long breaks = joiner.breaks();
        boolean open = joiner.isOpen();
        Optional<byte[]> frame = joiner.add(record.offset(), record.value());
        boolean torn = joiner.breaks() != breaks;
        if (torn) {
            sink.onTorn();
        }
        if (!open || torn) {
            frameStart = record.offset();
        }
        long offset = frameStart;
        frame.ifPresent(bytes -> FrameReader.read(bytes, change -> sink.onChange(offset, change)));
    }

    /// Reads on to the commit of the transaction that the `begin`th begin from here opens, counted
    /// from 1, waiting for it to be written. Empty where a crash tore the transaction, or `stop`
    /// says so.
    public Optional<Change.Commit> awaitCommit(int begin, BooleanSupplier stop) {
        CommitSearch search = new CommitSearch(begin);
        while (!search.isOver() && !stop.getAsBoolean()) {
            poll(Duration.ofMillis(100), search);
        }
        return Optional.ofNullable(search.found);
    }

    private static final class CommitSearch implements Sink {
        private int beginsLeft;
        private boolean torn;
        private Change.@Nullable Commit found;

        CommitSearch(int begin) {
            this.beginsLeft = begin;
        }

        boolean isOver() {
            return torn || found != null;
        }

        @Override
        public void onTorn() {
            torn = torn || beginsLeft == 0;
        }

        @Override
        public void onChange(long offset, Change change) {
            if (isOver()) {
                return;
            }
            if (change instanceof Change.Begin) {
                torn = beginsLeft == 0;
                beginsLeft--;
            } else if (change instanceof Change.Commit commit && beginsLeft == 0) {
                found = commit;
            }
        }
    }

    /// The last commit between here and `end`.
    Optional<Change.Commit> lastCommitBefore(long end) {
        AtomicReference<Change.Commit> last = new AtomicReference<>();
        Consumer<Change> keep =
                change -> {
                    if (change instanceof Change.Commit commit) {
                        last.set(commit);
                    }
                };
        long silentSince = System.nanoTime();
        while (consumer.position(partition) < end) {
            if (System.nanoTime() - silentSince > SILENCE_MAX.toNanos()) {
                throw new LockstepException(
                        Fault.LOG_FAILED,
                        "Kafka gave nothing of topic \"%s\" for %d s, which goes on up to %d"
                                .formatted(partition.topic(), SILENCE_MAX.toSeconds(), end));
            }
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                silentSince = System.nanoTime();
                joiner.add(record.offset(), record.value())
                        .ifPresent(frame -> FrameReader.read(frame, keep));
            }
        }
        return Optional.ofNullable(last.get());
    }

    /// At once: the broker may be holding its answer back until there is something to read.
    @Override
    public void close() {
        Closing.of(() -> consumer.close(CloseOptions.timeout(Duration.ZERO)));
    }
}
