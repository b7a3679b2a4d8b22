package dev.lockstep.cdc.log;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// How frames become Kafka records: each starts with the writer's epoch and with which part of a
/// frame it is, since a row may be larger than Kafka likes its records.
final class LogRecord {
    /// The payload of one record at most; Kafka's own default limit is 1 MiB.
    static final int PAYLOAD_MAX = 512 * 1024;

    private static final int HEADER = Long.BYTES + 1;
    private static final byte FIRST = 1;
    private static final byte LAST = 2;

    private LogRecord() {}

    /// Cuts a frame into records.
    static List<byte[]> split(long epoch, byte[] frame) {
        List<byte[]> records = new ArrayList<>();
        for (int from = 0; from < frame.length; from += PAYLOAD_MAX) {
            int length = Math.min(PAYLOAD_MAX, frame.length - from);
            int flags = (from == 0 ? FIRST : 0) | (from + length == frame.length ? LAST : 0);
            ByteBuffer record = ByteBuffer.allocate(HEADER + length);
            record.putLong(epoch).put((byte) flags).put(frame, from, length);
            records.add(record.array());
        }
        return records;
    }

    /// Puts records together again. What an earlier epoch wrote after a later one began is dropped,
    /// and so is a frame whose rest never came.
    static final class Joiner {
        private final ByteArrayOutputStream parts = new ByteArrayOutputStream();
        private long epoch;
        private boolean open;

        /// A whole frame, if `record` completes one.
        Optional<byte[]> add(byte[] record) {
            long from = ByteBuffer.wrap(record).getLong();
            byte flags = record[Long.BYTES];
            if (from < epoch) {
                return Optional.empty();
            }
            if (from > epoch || (flags & FIRST) != 0) {
                epoch = from;
                parts.reset();
                open = (flags & FIRST) != 0;
            }
            if (!open) {
                return Optional.empty();
            }
            parts.write(record, HEADER, record.length - HEADER);
            if ((flags & LAST) == 0) {
                return Optional.empty();
            }
            open = false;
            byte[] frame = parts.toByteArray();
            parts.reset();
            return Optional.of(frame);
        }

        /// The epoch of the last record that counted.
        long epoch() {
            return epoch;
        }

        /// Whether a frame's rest is still to come.
        boolean isOpen() {
            return open;
        }
    }
}
