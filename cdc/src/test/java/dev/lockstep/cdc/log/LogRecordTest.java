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
            new Layout(new TableName("public", "it\"em"), List.of("id", "näme", "big"));

    @Test
    void everyChangeComesBackAsItWas() {
        List<Change> changes =
                List.of(
                        new Change.Begin(),
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
        List<byte[]> records = LogRecord.split(3, frame);
        assertThat(records).hasSize(3);
        assertThat(joiner.add(records.get(0))).isEmpty();
        assertThat(joiner.add(records.get(1))).isEmpty();
        assertThat(joiner.add(records.get(2))).contains(frame);
    }

    @Test
    void tornFramesAndOlderWritersAreDropped() {
        byte[] large = new byte[LogRecord.PAYLOAD_MAX + 1];
        byte[] small = {1};
        LogRecord.Joiner joiner = new LogRecord.Joiner();
        joiner.add(LogRecord.split(3, large).getFirst());
        assertThat(joiner.add(LogRecord.split(4, small).getFirst())).contains(small);
        assertThat(joiner.add(LogRecord.split(3, large).getLast())).isEmpty();
        assertThat(joiner.add(LogRecord.split(3, small).getFirst())).isEmpty();
        assertThat(joiner.add(LogRecord.split(4, large).getLast())).isEmpty();
    }
}
