package dev.lockstep.orchestrator.random;

import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/// A table: how it is made, and what its rows are made of. Names are quoted, values are SQL.
///
/// @param kind what a statement may do with its key
/// @param unique a column of small numbers that no two rows share
/// @param parent refers to a row of another table, or of this one
/// @param part what decides on the partition
record Shape(
        String name,
        Kind kind,
        List<KeyPart> key,
        List<Field> fields,
        Optional<String> unique,
        boolean deferrable,
        Optional<Parent> parent,
        Optional<String> part,
        String ddl) {

    enum Kind {
        /// Its key is one that `ON CONFLICT` and a foreign key can name.
        KEYED,
        /// Its key can do neither.
        ODDLY_KEYED,
        /// Its key comes by itself.
        NUMBERED,
        /// Its key comes by itself and cannot be changed.
        NUMBERED_ALWAYS,
        /// It has duplicates.
        KEYLESS
    }

    /// A column of the key, with its value for a number.
    record KeyPart(String column, String type, IntFunction<String> value) {}

    record Field(String column, List<String> values) {}

    record Parent(String column, IntFunction<String> value) {}

    boolean isNumbered() {
        return kind == Kind.NUMBERED || kind == Kind.NUMBERED_ALWAYS;
    }

    String keyColumns() {
        return key.stream().map(KeyPart::column).collect(Collectors.joining(", "));
    }

    String keyValues(int number) {
        return key.stream()
                .map(part -> part.value().apply(number))
                .collect(Collectors.joining(", "));
    }

    /// The condition that finds the row, or the rows, with the key of this number.
    String where(int number) {
        return key.stream()
                .map(part -> part.column() + " = " + part.value().apply(number))
                .collect(Collectors.joining(" AND "));
    }
}
