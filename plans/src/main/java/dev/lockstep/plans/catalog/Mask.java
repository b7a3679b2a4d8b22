package dev.lockstep.plans.catalog;

import java.util.List;

/// Which columns' values are shown to nobody: globs on `schema.table.column`, where `*` stands for
/// any text and `?` for one character.
public record Mask(List<String> globs) {
    /// Everything may be shown.
    public static final Mask NONE = new Mask(List.of());

    public Mask {
        globs = List.copyOf(globs);
    }

    public boolean hides(TableName table, String column) {
        String name = table + "." + column;
        return globs.stream().anyMatch(glob -> Glob.matches(glob, name));
    }

    /// Those that name one column, and hence mean one that is there.
    public List<String> names() {
        return globs.stream().filter(glob -> !glob.contains("*") && !glob.contains("?")).toList();
    }
}
