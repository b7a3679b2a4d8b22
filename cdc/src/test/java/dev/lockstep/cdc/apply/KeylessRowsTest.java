package dev.lockstep.cdc.apply;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.plans.catalog.TableName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeylessRowsTest {
    private static final Layout LAYOUT =
            new Layout(new TableName("public", "bare"), List.of(), List.of());
    private static final int VALUES = 4;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void whatItFoldsComesToTheSameRows(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            List<Tuple> before = rows(random, random.nextInt(6));
            List<Tuple> now = new ArrayList<>(before);
            KeylessRows folded = new KeylessRows(new int[] {0});
            for (int n = random.nextInt(30); n > 0; n--) {
                change(random, now, folded);
            }
            List<Tuple> written = new ArrayList<>(before);
            KeylessRows.Net net = folded.take();
            net.removed().forEach(row -> assertThat(written.remove(row)).isTrue());
            net.altered().forEach(row -> assertThat(written.remove(row)).isTrue());
            assertThat(net.after()).hasSameSizeAs(net.altered());
            written.addAll(net.after());
            written.addAll(net.added());
            assertThat(written).containsExactlyInAnyOrderElementsOf(now);
            assertThat(folded.take().added()).isEmpty();
        }
    }

    private static void change(Random random, List<Tuple> now, KeylessRows folded) {
        Tuple next = row(random);
        if (now.isEmpty() || random.nextInt(3) == 0) {
            now.add(next);
            folded.add(new Change.Insert(LAYOUT, next));
            return;
        }
        Tuple old = now.remove(random.nextInt(now.size()));
        if (random.nextBoolean()) {
            now.add(next);
            folded.add(new Change.Update(LAYOUT, Optional.of(old), next), old);
        } else {
            folded.add(new Change.Delete(LAYOUT, old));
        }
    }

    private static List<Tuple> rows(Random random, int count) {
        List<Tuple> rows = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            rows.add(row(random));
        }
        return rows;
    }

    private static Tuple row(Random random) {
        int value = random.nextInt(VALUES);
        return new Tuple(new String[] {value == 0 ? null : "v" + value});
    }
}
