package dev.lockstep.plans.catalog;

import dev.lockstep.plans.sql.Ident;
import java.util.Comparator;

/// Schema and name of a table or sequence, as the catalog spells them.
public record TableName(String schema, String name) implements Comparable<TableName> {
    private static final Comparator<TableName> ORDER =
            Comparator.comparing(TableName::schema).thenComparing(TableName::name);

    /// Quoted, for statements.
    public String sql() {
        return new Ident(schema) + "." + new Ident(name);
    }

    @Override
    public int compareTo(TableName other) {
        return ORDER.compare(this, other);
    }

    /// `schema.name`, for people.
    @Override
    public String toString() {
        return schema + "." + name;
    }
}
