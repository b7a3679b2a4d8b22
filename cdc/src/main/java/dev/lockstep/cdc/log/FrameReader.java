package dev.lockstep.cdc.log;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Check;
import dev.lockstep.plans.sql.Lsn;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Decodes what [FrameWriter] encoded.
final class FrameReader {
    private final byte[] frame;
    private final List<Layout> layouts = new ArrayList<>();
    private int at;

    private FrameReader(byte[] frame) {
        this.frame = frame;
    }

    /// Gives every change of `frame` to `sink`, in order.
    static void read(byte[] frame, Consumer<Change> sink) {
        FrameReader reader = new FrameReader(frame);
        while (reader.at < frame.length) {
            reader.next().ifPresent(sink);
        }
    }

    private Optional<Change> next() {
        char tag = (char) frame[at++];
        return switch (tag) {
            case 'R' -> {
                layout();
                yield Optional.empty();
            }
            case 'B' -> Optional.of(new Change.Begin(new Lsn(number())));
            case 'I' -> Optional.of(new Change.Insert(table(), tuple()));
            case 'U' -> Optional.of(update());
            case 'D' -> Optional.of(new Change.Delete(table(), tuple()));
            case 'T' -> Optional.of(truncate());
            case 'M' -> Optional.of(new Change.Marker(text()));
            case 'C' -> Optional.of(new Change.Commit(new Lsn(number()), instant(), number()));
            default -> throw new AssertionError("unknown tag " + (int) tag + " at " + (at - 1));
        };
    }

    private void layout() {
        Check.that(number() == layouts.size(), "tables of a frame out of order");
        TableName table = new TableName(text(), text());
        List<Layout.Field> fields = list(() -> new Layout.Field(text(), (int) number()));
        layouts.add(new Layout(table, fields, list(this::text)));
    }

    private <T> List<T> list(Supplier<T> item) {
        int count = (int) number();
        List<T> items = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            items.add(item.get());
        }
        return items;
    }

    private Layout table() {
        return layouts.get((int) number());
    }

    private Change update() {
        Layout layout = table();
        Optional<Tuple> before = number() == 1 ? Optional.of(tuple()) : Optional.empty();
        return new Change.Update(layout, before, tuple());
    }

    private Change truncate() {
        return new Change.Truncate(list(() -> new TableName(text(), text())));
    }

    private Tuple tuple() {
        @Nullable String[] values = new @Nullable String[(int) number()];
        for (int i = 0; i < values.length; i++) {
            int length = (int) number();
            if (length == 1) {
                values[i] = Tuple.UNCHANGED;
            } else if (length > 1) {
                values[i] = text(length - 2);
            }
        }
        return new Tuple(values);
    }

    private Instant instant() {
        long micros = number();
        return Instant.ofEpochSecond(
                Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1_000);
    }

    private String text() {
        return text((int) number());
    }

    private String text(int length) {
        String text = new String(frame, at, length, StandardCharsets.UTF_8);
        at += length;
        return text;
    }

    private long number() {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = frame[at++];
            value |= (b & 0x7FL) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }
}
