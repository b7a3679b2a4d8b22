package dev.lockstep.cdc.log;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Change.Commit;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Lsn;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/// Writes changes to the log in order, many to a record, and knows up to which commit the log has
/// them for good. After the first error nothing more is written; what was on its way by then and
/// comes after a hole is told by its number, and readers drop it.
public final class LogAppender implements AutoCloseable {
    private static final int FRAME_BYTES = 256 * 1024;

    /// Who confirms waits for frames with less than a frame's bytes, too: the engine takes in only
    /// so many transactions that are not confirmed.
    private static final int FRAME_COMMITS = 1_000;

    private static final Duration CLOSE_MAX = Duration.ofSeconds(5);

    private final KafkaProducer<byte[], byte[]> producer;
    private final String topic;
    private final LogRecord.Splitter splitter;
    private final FrameWriter frame = new FrameWriter();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition moved = lock.newCondition();
    private int commits;
    private Lsn lastCommit = Lsn.ZERO;
    private Lsn kept = Lsn.ZERO;
    private @Nullable Exception failure;

    LogAppender(KafkaProducer<byte[], byte[]> producer, String topic, LogRecord.Writer writer) {
        this.producer = producer;
        this.topic = topic;
        this.splitter = new LogRecord.Splitter(writer);
    }

    /// Adds a change; it is sent with others, at the latest by [#flush].
    public void append(Change change) {
        frame.add(change);
        if (change instanceof Commit commit) {
            lastCommit = commit.end();
            commits++;
        }
        if (frame.size() >= FRAME_BYTES || commits >= FRAME_COMMITS) {
            flush();
        }
    }

    /// Sends what was added.
    public void flush() {
        if (frame.size() == 0) {
            return;
        }
        Lsn upTo = lastCommit;
        commits = 0;
        List<byte[]> records = splitter.split(frame.take());
        for (int i = 0; i < records.size(); i++) {
            throwIfFailed();
            send(records.get(i), i == records.size() - 1 ? upTo : Lsn.ZERO);
        }
    }

    private void send(byte[] record, Lsn upTo) {
        try {
            var _ =
                    producer.send(
                            new ProducerRecord<>(topic, 0, null, record),
                            (_, e) -> answered(upTo, e));
        } catch (KafkaException | IllegalStateException e) {
            // The record has a number and is not in the log, so nothing may follow it.
            answered(Lsn.ZERO, e);
            throwIfFailed();
        }
    }

    private void answered(Lsn upTo, @Nullable Exception e) {
        boolean first = false;
        lock.lock();
        try {
            if (e != null && failure == null) {
                failure = e;
                first = true;
            }
            if (failure == null && upTo.isAfter(kept)) {
                kept = upTo;
            }
            moved.signalAll();
        } finally {
            lock.unlock();
        }
        if (first) {
            // What waits behind the failed record must not be sent any more.
            producer.close(Duration.ZERO);
        }
    }

    /// Waits until the log keeps everything up to the commit that ends at `commit`.
    public void awaitKept(Lsn commit, Duration atMost) throws InterruptedException {
        long left = atMost.toNanos();
        lock.lock();
        try {
            while (commit.isAfter(kept)) {
                throwIfFailed();
                if (left <= 0) {
                    throw new LockstepException(
                            Fault.LOG_FAILED,
                            "Kafka did not confirm topic \"%s\" up to %s within %d s"
                                    .formatted(topic, commit, atMost.toSeconds()));
                }
                left = moved.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    private void throwIfFailed() {
        lock.lock();
        try {
            if (failure != null) {
                throw new LockstepException(
                        Fault.LOG_FAILED,
                        "Kafka refused a record of topic \"%s\": %s"
                                .formatted(topic, failure.getMessage()),
                        failure);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        Closing.of(() -> producer.close(isFailed() ? Duration.ZERO : CLOSE_MAX));
    }

    private boolean isFailed() {
        lock.lock();
        try {
            return failure != null;
        } finally {
            lock.unlock();
        }
    }
}
