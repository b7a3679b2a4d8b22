package dev.lockstep.plans.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MappingTest {
    private static TableName name(String name) {
        return new TableName("public", name);
    }

    private static Mapping mapping(String... order) {
        Map<String, String> columns = new LinkedHashMap<>();
        Map<TableName, Mapping.Rule> rules = new LinkedHashMap<>();
        for (String letter : order) {
            columns.put(letter, letter + letter);
        }
        for (String letter : order) {
            rules.put(name(letter), new Mapping.Rule(name(letter + letter), columns));
        }
        return new Mapping(rules);
    }

    @Test
    void theTextDoesNotDependOnAnyOrder() {
        assertThat(mapping("c", "a", "b").toString())
                .isEqualTo(mapping("a", "b", "c").toString())
                .containsSubsequence("public.a=", "public.b=", "public.c=");
    }

    @Test
    void readTheOtherWayTwiceItIsTheSame() {
        Mapping mapping = mapping("a", "b");
        assertThat(mapping.inverse().inverse()).isEqualTo(mapping);
        assertThat(mapping.table(name("a"))).isEqualTo(name("aa"));
        assertThat(mapping.inverse().column(name("aa"), "bb")).isEqualTo("b");
    }
}
