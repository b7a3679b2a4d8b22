package dev.lockstep.plans.catalog;

import java.util.List;
import java.util.Set;

/// Which tables a plan is about: globs on `schema.table`, where `*` stands for any text and `?` for
/// one character. A partition follows its topmost table.
public record Scope(List<String> include, List<String> exclude) {
    private static final Set<String> NEVER =
            Set.of("pg_catalog", "information_schema", "pg_toast", "lockstep");

    /// Everything that users made.
    public static final Scope ALL = new Scope(List.of("*"), List.of());

    public Scope {
        include = List.copyOf(include);
        exclude = List.copyOf(exclude);
    }

    public boolean covers(Table table) {
        return covers(table.root().orElse(table.name()));
    }

    public boolean covers(TableName name) {
        return !NEVER.contains(name.schema()) && matches(include, name) && !matches(exclude, name);
    }

    private static boolean matches(List<String> globs, TableName name) {
        return globs.stream().anyMatch(glob -> Glob.matches(glob, name.toString()));
    }
}
