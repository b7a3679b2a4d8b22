package dev.lockstep.validators.schema;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.Pair;
import dev.lockstep.validators.schema.Finding.Severity;
import java.util.List;

/// Something that is not the same on both sides, and the only finding of its check that it is to
/// give.
///
/// @param active what the active is changed by, after both were made alike
/// @param standby the same of the standby
/// @param told the check, and what the only finding contains
record Planted(String active, String standby, Severity severity, List<String> told) {
    static final String SHOP =
            """
            CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
            CREATE TABLE "My Item" (id int PRIMARY KEY, "a b" text, n int);
            CREATE TABLE part (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);
            CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (1) TO (10);
            CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20);
            """;

    @Override
    public String toString() {
        return told.getFirst() + ": " + active + " / " + standby;
    }

    static Planted note(String active, String standby, String... told) {
        return new Planted(active, standby, Severity.NOTE, List.of(told));
    }

    static Planted error(String active, String standby, String... told) {
        return new Planted(active, standby, Severity.ERROR, List.of(told));
    }

    void isFound() {
        try (Pair pair = Pair.create()) {
            pair.onBoth(SHOP);
            Pair.run(pair.source(), active());
            Pair.run(pair.target(), standby());
            List<Finding> findings = new SchemaScene(pair).findings();

            String check = told().getFirst();
            List<Finding> found = findings.stream().filter(f -> f.check().equals(check)).toList();
            assertThat(found).as("%s", findings).hasSize(1);
            assertThat(found.getFirst().severity()).isEqualTo(severity());
            assertThat(found.getFirst().text()).contains(told().subList(1, told().size()));
        }
    }
}
