package dev.lockstep.cdc.log;

import dev.lockstep.cdc.change.Change;
import java.util.List;
import java.util.Optional;

/// Records as they stand in a log, made and read by the real code, without Kafka.
public final class LogText {
    private LogText() {}

    /// The `sequence`th record of a writer.
    public static byte[] record(long epoch, long attempt, int sequence, List<Change> changes) {
        LogRecord.Splitter splitter = new LogRecord.Splitter(new LogRecord.Writer(epoch, attempt));
        for (int i = 0; i < sequence; i++) {
            splitter.split(new byte[1]);
        }
        FrameWriter frame = new FrameWriter();
        changes.forEach(frame::add);
        return splitter.split(frame.take()).getFirst();
    }

    /// Gives what a reader finds in `records`, the first of which stands at `offset`, to `sink`, in
    /// the way of [LogReader].
    public static void read(long offset, List<byte[]> records, LogReader.Sink sink) {
        LogRecord.Joiner joiner = new LogRecord.Joiner();
        for (int i = 0; i < records.size(); i++) {
            long breaks = joiner.breaks();
            long at = offset + i;
            Optional<byte[]> frame = joiner.add(at, records.get(i));
            if (joiner.breaks() != breaks) {
                sink.onTorn();
            }
            frame.ifPresent(f -> FrameReader.read(f, change -> sink.onChange(at, change)));
        }
    }

    /// As [#read], by a reader that takes every record as it comes.
    public static void readAnyhow(long offset, List<byte[]> records, LogReader.Sink sink) {
        for (int i = 0; i < records.size(); i++) {
            long at = offset + i;
            new LogRecord.Joiner()
                    .add(1, records.get(i))
                    .ifPresent(f -> FrameReader.read(f, change -> sink.onChange(at, change)));
        }
    }
}
