package dev.lockstep.plans.catalog;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/// What tables and columns of the source are called on the target. Without a rule a name stays. Its
/// text is the same in every process, since runs are told apart by it.
public record Mapping(Map<TableName, Rule> rules) {
    /// Nothing is renamed.
    public static final Mapping NONE = new Mapping(Map.of());

    /// The new name of one table, and of those of its columns that get one.
    public record Rule(TableName to, Map<String, String> columns) {
        public Rule {
            columns = Collections.unmodifiableMap(new TreeMap<>(columns));
        }
    }

    public Mapping {
        rules = Collections.unmodifiableMap(new TreeMap<>(rules));
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

    /// With the columns of partitioned tables renamed in their partitions, too, since they cannot
    /// have names of their own.
    public Mapping withPartitions(Catalog catalog) {
        Map<TableName, Rule> all = new LinkedHashMap<>(rules);
        for (Table table : catalog.tables().values()) {
            Rule above = table.root().map(rules::get).orElse(null);
            if (above != null) {
                Map<String, String> columns = new LinkedHashMap<>(above.columns());
                Rule own = rules.getOrDefault(table.name(), new Rule(table.name(), Map.of()));
                columns.putAll(own.columns());
                all.put(table.name(), new Rule(own.to(), columns));
            }
        }
        return new Mapping(all);
    }

    /// The same renaming read the other way.
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
