package dev.lockstep.plans.catalog;

import java.util.LinkedHashMap;
import java.util.Map;

/// What tables and columns of the source are called on the target. Without a rule a name stays.
public record Mapping(Map<TableName, Rule> rules) {
    /// Nothing is renamed.
    public static final Mapping NONE = new Mapping(Map.of());

    /// The new name of one table, and of those of its columns that get one.
    public record Rule(TableName to, Map<String, String> columns) {
        public Rule {
            columns = Map.copyOf(columns);
        }
    }

    public Mapping {
        rules = Map.copyOf(rules);
    }

    /// The target's name for `table` of the source.
    public TableName table(TableName table) {
        Rule rule = rules.get(table);
        return rule == null ? table : rule.to();
    }

    /// The target's name for `column` of the source's `table`.
    public String column(TableName table, String column) {
        Rule rule = rules.get(table);
        return rule == null ? column : rule.columns().getOrDefault(column, column);
    }

    /// The same renaming read the other way, for changes that go back.
    public Mapping inverse() {
        Map<TableName, Rule> back = new LinkedHashMap<>();
        rules.forEach((table, rule) -> {
            Map<String, String> columns = new LinkedHashMap<>();
            rule.columns().forEach((from, to) -> columns.put(to, from));
            back.put(rule.to(), new Rule(table, columns));
        });
        return new Mapping(back);
    }
}
