package dev.lockstep.cdc.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.Pair;
import dev.lockstep.testing.Zoo;
import org.junit.jupiter.api.Test;

/// Every value of every type is copied as it is.
class TypesCopyTest {
    private static final int KEYS = 1_600;

    @Test
    void valuesAndKeysOfEveryTypeAreCopied() {
        Zoo zoo = Zoo.of(18);
        try (Copies copies = new Copies()) {
            copies.onTarget("CREATE TYPE first AS ENUM ('a', 'b', 'c')");
            copies.onBoth(zoo.schema());
            copies.onSource(zoo.insert("zoo") + zoo.insert("bare") + zoo.insertKeys(KEYS));
            Backfill backfill = copies.backfill(2);
            backfill.plan();
            assertThat(backfill.copyAll(() -> false)).isTrue();

            Pair pair = Pair.of(copies.source(), copies.target());
            zoo.assertSame(pair, "zoo");
            zoo.assertSame(pair, "bare");
            zoo.keyTables().forEach(table -> zoo.assertSame(pair, table));
        }
    }
}
