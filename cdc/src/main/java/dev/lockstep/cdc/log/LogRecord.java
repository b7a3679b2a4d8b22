package dev.lockstep.cdc.log;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// How frames become Kafka records: each starts with who wrote it, which of the writer's records it
/// is, and which part of a frame, since a row may be larger than Kafka likes its records.
final class LogRecord {
    /// The payload of one record at most; Kafka's own default limit is 1 MiB.
    static final int PAYLOAD_MAX = 512 * 1024;

    private static final int HEADER = 3 * Long.BYTES + 1;
    private static final byte FIRST = 1;
    private static final byte LAST = 2;

    private LogRecord() {}

    /// Who writes: one attempt, in one process, of one epoch. A later writer beats an earlier one.
    ///
    /// @param attempt counts the writers of a process; an epoch belongs to one process
    record Writer(long epoch, long attempt) implements Comparable<Writer> {
        static final Writer NOBODY = new Writer(-1, 0);

        @Override
        public int compareTo(Writer other) {
            int byEpoch = Long.compare(epoch, other.epoch);
            return byEpoch != 0 ? byEpoch : Long.compare(attempt, other.attempt);
        }
    }

    /// Cuts frames into records and counts these.
    static final class Splitter {
        private final Writer writer;
        private long next;

        Splitter(Writer writer) {
            this.writer = writer;
        }

        List<byte[]> split(byte[] frame) {
            List<byte[]> records = new ArrayList<>();
            for (int from = 0; from < frame.length; from += PAYLOAD_MAX) {
                int length = Math.min(PAYLOAD_MAX, frame.length - from);
                int flags = (from == 0 ? FIRST : 0) | (from + length == frame.length ? LAST : 0);
                ByteBuffer record = ByteBuffer.allocate(HEADER + length);
                record.putLong(writer.epoch()).putLong(writer.attempt()).putLong(next++);
                record.put((byte) flags).put(frame, from, length);
                records.add(record.array());
            }
            return records;
        }
    }

    /// Puts records together again. Dropped is what an earlier writer wrote after a later one
    /// began, and everything of a writer after a gap in its records: the active database was told
    /// of nothing behind the gap, and sends it all to the next writer.
    static final class Joiner {
        private final List<byte[]> parts = new ArrayList<>();
        private Writer writer = Writer.NOBODY;
        private long next;
        private boolean broken;
        private boolean open;
        private long breaks;

        /// A whole frame, if `record` completes one.
        ///
        /// @param offset where it stands in the log. What stood before the first record that this
        ///   joiner sees was trimmed or is of no interest, unless that one is the log's first.
        Optional<byte[]> add(long offset, byte[] record) {
            ByteBuffer header = ByteBuffer.wrap(record);
            Writer from = new Writer(header.getLong(), header.getLong());
            long sequence = header.getLong();
            if (!counts(from, sequence, offset)) {
                return Optional.empty();
            }
            byte flags = header.get();
            if ((flags & FIRST) != 0) {
                parts.clear();
                open = true;
            }
            if (!open) {
                return Optional.empty();
            }
            parts.add(record);
            if ((flags & LAST) == 0) {
                return Optional.empty();
            }
            open = false;
            byte[] frame = joined();
            parts.clear();
            return Optional.of(frame);
        }

        /// Not one byte more than it takes: a row may be a good part of the heap.
        private byte[] joined() {
            int size = parts.stream().mapToInt(part -> part.length - HEADER).sum();
            ByteBuffer frame = ByteBuffer.allocate(size);
            parts.forEach(part -> frame.put(part, HEADER, part.length - HEADER));
            return frame.array();
        }

        private boolean counts(Writer from, long sequence, long offset) {
            int order = from.compareTo(writer);
            if (order > 0) {
                boolean anywhere = writer.equals(Writer.NOBODY) && offset > 0;
                writer = from;
                next = anywhere ? sequence : 0;
                broken = false;
                tear();
            }
            if (order < 0 || broken || sequence < next) {
                return false;
            }
            if (sequence > next) {
                broken = true;
                tear();
                return false;
            }
            next++;
            return true;
        }

        private void tear() {
            breaks++;
            open = false;
            parts.clear();
        }

        /// How often what was open came to an end that is none: at a new writer and at a gap.
        long breaks() {
            return breaks;
        }

        /// Whether a frame's rest is still to come.
        boolean isOpen() {
            return open;
        }
    }
}
