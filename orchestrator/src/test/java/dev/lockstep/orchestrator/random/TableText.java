package dev.lockstep.orchestrator.random;

import dev.lockstep.orchestrator.random.Shape.KeyPart;
import dev.lockstep.orchestrator.random.Shape.Kind;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;

/// The statements that make a table with its key, its replica identity and its partitions.
///
/// @param part the column that decides on the partition
/// @param full whether changes name rows by all that was in them
record TableText(
        Random random,
        String name,
        Kind kind,
        List<KeyPart> key,
        Optional<String> part,
        boolean full) {

    String of(List<String> columns) {
        StringBuilder sql = new StringBuilder("CREATE TABLE ").append(name).append(" (\n    ");
        sql.append(String.join(",\n    ", columns));
        String keyed = key.stream().map(KeyPart::column).collect(Collectors.joining(", "));
        if (part.isPresent()) {
            partitioned(sql, keyed + ", " + part.get(), part.get());
            return sql.toString();
        }
        switch (kind) {
            case KEYED, NUMBERED, NUMBERED_ALWAYS -> {
                sql.append(",\n    PRIMARY KEY (").append(keyed).append("));\n");
                if (full) {
                    full(sql);
                }
            }
            case ODDLY_KEYED -> oddlyKeyed(sql, keyed);
            case KEYLESS -> {
                sql.append(");\n");
                full(sql);
            }
        }
        return sql.toString();
    }

    private void oddlyKeyed(StringBuilder sql, String keyed) {
        if (full) {
            sql.append(",\n    PRIMARY KEY (").append(keyed).append(") DEFERRABLE);\n");
            full(sql);
            return;
        }
        sql.append(");\n");
        key.forEach(column ->
                sql.append(
                        "ALTER TABLE %s ALTER %s SET NOT NULL;\n"
                                .formatted(name, column.column())));
        String index = name.substring(0, 3) + "_by_key\"";
        sql.append("CREATE UNIQUE INDEX %s ON %s (%s);\n".formatted(index, name, keyed));
        sql.append("ALTER TABLE %s REPLICA IDENTITY USING INDEX %s;\n".formatted(name, index));
    }

    private void full(StringBuilder sql) {
        sql.append("ALTER TABLE %s REPLICA IDENTITY FULL;\n".formatted(name));
    }

    /// Rows have 0 to 9 in the column that decides.
    private void partitioned(StringBuilder sql, String keyed, String column) {
        String ways = List.of("RANGE", "LIST", "HASH").get(random.nextInt(3));
        sql.append(
                ",\n    PRIMARY KEY (%s)) PARTITION BY %s (%s);\n".formatted(keyed, ways, column));
        List<String> bounds =
                switch (ways) {
                    case "RANGE" -> List.of("FOR VALUES FROM (0) TO (4)", "DEFAULT");
                    case "LIST" -> List.of("FOR VALUES IN (1, 2, 3)", "DEFAULT");
                    default ->
                            List.of(
                                    "FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
                                    "FOR VALUES WITH (MODULUS 2, REMAINDER 1)");
                };
        for (int i = 0; i < bounds.size(); i++) {
            sql.append(
                    "CREATE TABLE %s PARTITION OF %s %s;\n"
                            .formatted(partition(i), name, bounds.get(i)));
        }
    }

    private String partition(int number) {
        return "%s p%d\"".formatted(name.substring(0, 3), number);
    }
}
