package dev.lockstep.cdc.change;

import dev.lockstep.plans.fault.Check;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The values of a row as PostgreSQL's own text, in the order of a [Layout]: a text, NULL, or not
/// sent because a large value did not change.
public final class Tuple {
    /// Stands for a large value that did not change; told apart by identity, never by content.
    public static final String UNCHANGED = new String(new char[] {'~'});

    private final @Nullable String[] values;

    public Tuple(@Nullable String[] values) {
        this.values = values;
    }

    public int size() {
        return values.length;
    }

    /// The text, or null for NULL.
    public @Nullable String value(int index) {
        Check.that(!isUnchanged(index), "value %d was not sent", index);
        return values[index];
    }

    @SuppressWarnings("ReferenceEquality")
    public boolean isUnchanged(int index) {
        return values[index] == UNCHANGED;
    }

    /// Whether every value was sent.
    public boolean isFull() {
        for (int i = 0; i < values.length; i++) {
            if (isUnchanged(i)) {
                return false;
            }
        }
        return true;
    }

    /// This tuple with what it does not carry taken from `older`.
    public Tuple over(Tuple older) {
        return over(older, IntStream.range(0, values.length).toArray());
    }

    /// This tuple with those of the values at `indexes` that it does not carry taken from `older`.
    public Tuple over(Tuple older, int[] indexes) {
        @Nullable String[] merged = values.clone();
        for (int i : indexes) {
            if (isUnchanged(i)) {
                merged[i] = older.values[i];
            }
        }
        return new Tuple(merged);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Tuple tuple && Arrays.equals(tuple.values, values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    /// The number of values only: what they are is the user's data.
    @Override
    public String toString() {
        return "Tuple[" + values.length + " values]";
    }
}
