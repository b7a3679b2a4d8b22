package dev.lockstep.cdc.log;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Change.Begin;
import dev.lockstep.cdc.change.Change.Commit;
import dev.lockstep.cdc.change.Change.Delete;
import dev.lockstep.cdc.change.Change.Insert;
import dev.lockstep.cdc.change.Change.Marker;
import dev.lockstep.cdc.change.Change.Truncate;
import dev.lockstep.cdc.change.Change.Update;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.plans.sql.Lsn;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Encodes changes one after the other into a frame. A frame explains itself: each table's name,
/// columns and key stand before its first change.
///
/// | tag | what follows |
/// | --- | --- |
/// | `R` | number, schema, name, columns with their numbers, key: a table for later tags |
/// | `B` | end LSN of the commit before |
/// | `I` | table, tuple |
/// | `U` | table, 0 or 1 and the old tuple, new tuple |
/// | `D` | table, tuple |
/// | `T` | count, schema and name of each |
/// | `M` | text |
/// | `C` | end LSN, microseconds since 1970, changes in all |
///
/// Numbers are base-128 varints. A value is 0 for NULL, 1 for unchanged, else its length in UTF-8 +
/// 2 and the bytes.
final class FrameWriter {
    private static final int INITIAL_BYTES = 64 * 1024;

    private final Map<Layout, Integer> layouts = new HashMap<>();
    private byte[] buffer = new byte[INITIAL_BYTES];
    private int size;

    void add(Change change) {
        switch (change) {
            case Begin(var after) -> begin(after);
            case Insert(Layout layout, Tuple after) -> {
                int table = tableOf(layout);
                put('I');
                number(table);
                tuple(after);
            }
            case Update(Layout layout, var before, Tuple after) -> {
                int table = tableOf(layout);
                put('U');
                number(table);
                number(before.isPresent() ? 1 : 0);
                before.ifPresent(this::tuple);
                tuple(after);
            }
            case Delete(Layout layout, Tuple before) -> {
                int table = tableOf(layout);
                put('D');
                number(table);
                tuple(before);
            }
            case Truncate(var tables) -> {
                put('T');
                number(tables.size());
                tables.forEach(table -> texts(List.of(table.schema(), table.name())));
            }
            case Marker(String text) -> {
                put('M');
                text(text);
            }
            case Commit(var end, var at, long changes) -> {
                put('C');
                number(end.value());
                number(at.getEpochSecond() * 1_000_000 + at.getNano() / 1_000);
                number(changes);
            }
        }
    }

    private void begin(Lsn after) {
        put('B');
        number(after.value());
    }

    int size() {
        return size;
    }

    /// The frame so far; the writer starts a new one.
    byte[] take() {
        byte[] frame = Arrays.copyOf(buffer, size);
        size = 0;
        layouts.clear();
        if (buffer.length > INITIAL_BYTES * 16) {
            buffer = new byte[INITIAL_BYTES];
        }
        return frame;
    }

    private int tableOf(Layout layout) {
        Integer known = layouts.get(layout);
        if (known != null) {
            return known;
        }
        int table = layouts.size();
        layouts.put(layout, table);
        put('R');
        number(table);
        texts(List.of(layout.table().schema(), layout.table().name()));
        number(layout.fields().size());
        for (Layout.Field field : layout.fields()) {
            text(field.name());
            number(field.number());
        }
        number(layout.key().size());
        texts(layout.key());
        return table;
    }

    private void tuple(Tuple tuple) {
        number(tuple.size());
        for (int i = 0; i < tuple.size(); i++) {
            if (tuple.isUnchanged(i)) {
                number(1);
                continue;
            }
            String value = tuple.value(i);
            if (value == null) {
                number(0);
            } else {
                bytes(value.getBytes(StandardCharsets.UTF_8), 2);
            }
        }
    }

    private void texts(List<String> texts) {
        texts.forEach(this::text);
    }

    private void text(String text) {
        bytes(text.getBytes(StandardCharsets.UTF_8), 0);
    }

    private void bytes(byte[] bytes, int lengthOffset) {
        number((long) bytes.length + lengthOffset);
        reserve(bytes.length);
        System.arraycopy(bytes, 0, buffer, size, bytes.length);
        size += bytes.length;
    }

    private void number(long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            put((char) ((rest & 0x7F) | 0x80));
            rest >>>= 7;
        }
        put((char) rest);
    }

    private void put(char b) {
        reserve(1);
        buffer[size++] = (byte) b;
    }

    private void reserve(int more) {
        if (buffer.length - size < more) {
            int needed = Math.addExact(size, more);
            int doubled = (int) Math.min(Integer.MAX_VALUE - 8L, buffer.length * 2L);
            buffer = Arrays.copyOf(buffer, Math.max(needed, doubled));
        }
    }
}
