package dev.lockstep.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Lsn;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LogRecordTest {
    private static final Layout ITEM =
            new Layout(
                    new TableName("public", "it\"em"),
                    List.of(
                            new Layout.Field("id", 1),
                            new Layout.Field("näme", 0),
                            new Layout.Field("big", 300)),
                    List.of("id"));

    @Test
    void everyChangeComesBackAsItWas() {
        List<Change> changes =
                List.of(
                        new Change.Begin(new Lsn(-3)),
                        new Change.Insert(
                                ITEM, new Tuple(new String[] {"1", null, "x".repeat(70_000)})),
                        new Change.Update(
                                ITEM,
                                Optional.of(new Tuple(new String[] {"1", null, null})),
                                new Tuple(new String[] {"2", "", Tuple.UNCHANGED})),
                        new Change.Delete(ITEM, new Tuple(new String[] {"2", null, "~"})),
                        new Change.Truncate(List.of(ITEM.table(), new TableName("a.b", "c"))),
                        new Change.Marker("Grüße"),
                        new Change.Commit(
                                Lsn.parse("FFFFFFFF/FFFFFFFF"),
                                Instant.parse("2026-01-02T03:04:05.678901Z"),
                                1L << 40));
        FrameWriter writer = new FrameWriter();
        changes.forEach(writer::add);
        List<Change> read = new ArrayList<>();
        FrameReader.read(writer.take(), read::add);

        assertThat(read).isEqualTo(changes);
        assertThat(((Change.Update) read.get(2)).after().isUnchanged(2)).isTrue();
        assertThat(((Change.Delete) read.get(3)).before().isUnchanged(2)).isFalse();
    }

    @Test
    void aFrameLargerThanARecordIsJoinedAgain() {
        byte[] frame = new byte[LogRecord.PAYLOAD_MAX * 2 + 7];
        frame[LogRecord.PAYLOAD_MAX] = 42;
        LogRecord.Joiner joiner = new LogRecord.Joiner();
        List<byte[]> records = writer(3, 1).split(frame);
        assertThat(records).hasSize(3);
        assertThat(joiner.add(0, records.get(0))).isEmpty();
        assertThat(joiner.add(1, records.get(1))).isEmpty();
        assertThat(joiner.add(2, records.get(2))).contains(frame);
    }

    @Test
    void tornFramesAndOlderWritersAreDropped() {
        byte[] large = new byte[LogRecord.PAYLOAD_MAX + 1];
        byte[] small = {1};
        LogRecord.Joiner joiner = new LogRecord.Joiner();
        LogRecord.Splitter old = writer(3, 1);
        List<byte[]> torn = old.split(large);
        LogRecord.Splitter young = writer(4, 1);
        joiner.add(0, torn.getFirst());
        assertThat(joiner.add(1, young.split(small).getFirst())).contains(small);
        assertThat(joiner.add(2, torn.getLast())).isEmpty();
        assertThat(joiner.add(3, old.split(small).getFirst())).isEmpty();
        assertThat(joiner.add(4, young.split(small).getFirst())).contains(small);
    }

    @Test
    void whatAWriterWroteBehindAGapIsDroppedUntilTheNextWriter() {
        LogRecord.Joiner joiner = new LogRecord.Joiner();
        List<byte[]> first = frames(writer(3, 1), 5);
        assertThat(joiner.add(0, first.get(0))).isPresent();
        long breaks = joiner.breaks();
        assertThat(joiner.add(1, first.get(2))).isEmpty();
        assertThat(joiner.breaks()).isGreaterThan(breaks);
        assertThat(joiner.add(2, first.get(3))).isEmpty();

        List<byte[]> second = frames(writer(3, 2), 2);
        assertThat(joiner.add(3, second.get(0))).isPresent();
        assertThat(joiner.add(4, first.get(4))).isEmpty();
        assertThat(joiner.add(5, second.get(1))).isPresent();
    }

    @Test
    void aGapWithinAFrameTearsIt() {
        LogRecord.Joiner joiner = new LogRecord.Joiner();
        List<byte[]> records = writer(3, 1).split(new byte[LogRecord.PAYLOAD_MAX * 2 + 1]);
        assertThat(joiner.add(0, records.get(0))).isEmpty();
        assertThat(joiner.add(1, records.get(2))).isEmpty();
        assertThat(joiner.isOpen()).isFalse();
    }

    @Test
    void aWriterWhoseFirstRecordIsMissingCountsOnlyWhereTheLogWasTrimmed() {
        List<byte[]> records = frames(writer(3, 1), 3);
        assertThat(new LogRecord.Joiner().add(0, records.get(1))).isEmpty();

        LogRecord.Joiner trimmed = new LogRecord.Joiner();
        assertThat(trimmed.add(70, records.get(1))).isPresent();
        assertThat(trimmed.add(71, records.get(2))).isPresent();
        assertThat(trimmed.add(72, frames(writer(3, 2), 2).get(1))).isEmpty();
    }

    private static LogRecord.Splitter writer(long epoch, long attempt) {
        return new LogRecord.Splitter(new LogRecord.Writer(epoch, attempt));
    }

    private static List<byte[]> frames(LogRecord.Splitter writer, int count) {
        List<byte[]> records = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            records.addAll(writer.split(new byte[] {(byte) i}));
        }
        return records;
    }
}
