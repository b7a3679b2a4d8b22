package dev.lockstep.plans.sql;

import dev.lockstep.plans.fault.Check;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The row that a query stands on; columns are reached by name.
public final class Row {
    private final ResultSet rows;

    Row(ResultSet rows) {
        this.rows = rows;
    }

    /// The text of a column that is never NULL.
    public String text(String column) throws SQLException {
        String value = rows.getString(column);
        Check.that(value != null, "column %s is NULL", column);
        return value;
    }

    public Optional<String> maybeText(String column) throws SQLException {
        return Optional.ofNullable(rows.getString(column));
    }

    public long number(String column) throws SQLException {
        return rows.getLong(column);
    }

    public int integer(String column) throws SQLException {
        return rows.getInt(column);
    }

    public boolean flag(String column) throws SQLException {
        return rows.getBoolean(column);
    }

    public boolean isNull(String column) throws SQLException {
        rows.getObject(column);
        return rows.wasNull();
    }

    public Lsn lsn(String column) throws SQLException {
        return Lsn.parse(text(column));
    }

    public Optional<Instant> instant(String column) throws SQLException {
        return Optional.ofNullable(rows.getObject(column, OffsetDateTime.class))
                .map(OffsetDateTime::toInstant);
    }

    /// The elements of a `text[]` column; empty for NULL.
    public List<String> texts(String column) throws SQLException {
        Array array = rows.getArray(column);
        return array == null ? List.of() : Arrays.asList((String[]) array.getArray());
    }

    /// The elements of a `text[]` column of which some may be NULL.
    public List<Optional<String>> maybeTexts(String column) throws SQLException {
        return texts(column).stream().map(Optional::ofNullable).toList();
    }

    /// The text of the `index`th column, counted from 1; empty for NULL.
    public Optional<String> textAt(int index) throws SQLException {
        return Optional.ofNullable(rows.getString(index));
    }
}
