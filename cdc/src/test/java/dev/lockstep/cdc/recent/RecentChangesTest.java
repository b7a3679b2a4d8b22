package dev.lockstep.cdc.recent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.cdc.recent.Changed.OfTable;
import dev.lockstep.plans.catalog.Column;
import dev.lockstep.plans.catalog.Key;
import dev.lockstep.plans.catalog.ReplicaIdentity;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Lsn;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RecentChangesTest {
    private static final TableName ITEM = new TableName("public", "item");
    private static final TableName BARE = new TableName("public", "bare");
    private static final int KEYS_MAX = 5;

    private final RecentChanges recent =
            new RecentChanges(List.of(table(ITEM, "id", "part"), table(BARE)), KEYS_MAX);

    private static Table table(TableName name, String... key) {
        List<Key> keys =
                key.length == 0
                        ? List.of()
                        : List.of(new Key(name + "_pkey", List.of(key), true, true, false));
        return new Table(
                name,
                List.of(column("id", 1), column("part", 2), column("note", 3)),
                keys,
                key.length == 0 ? ReplicaIdentity.FULL : ReplicaIdentity.DEFAULT,
                false,
                Optional.empty(),
                true,
                0,
                0);
    }

    private static Column column(String name, int number) {
        return new Column(name, number, "text", true, Column.Generation.NONE, false);
    }

    /// As changes come that were made when column `id` had another name.
    private static Layout layout(TableName table) {
        return new Layout(
                table,
                List.of(
                        new Layout.Field("note", 3),
                        new Layout.Field("part", 2),
                        new Layout.Field("number", 1)),
                List.of());
    }

    private static Tuple row(@Nullable String id, @Nullable String part) {
        return new Tuple(new @Nullable String[] {"n", part, id});
    }

    private static Change insert(TableName table, String id) {
        return new Change.Insert(layout(table), row(id, "p"));
    }

    private static Change delete(String id) {
        return new Change.Delete(layout(ITEM), row(id, "p"));
    }

    private static Change moved(String from, Tuple to) {
        return new Change.Update(layout(ITEM), Optional.of(row(from, "p")), to);
    }

    private void read(long after, long end, Change... changes) {
        recent.read(new Lsn(after), new Lsn(end), List.of(changes));
    }

    private Map<TableName, OfTable> since(long position) {
        return recent.since(new Lsn(position)).orElseThrow().tables();
    }

    private OfTable.Rows rows(long position) {
        return (OfTable.Rows) Objects.requireNonNull(since(position).get(ITEM));
    }

    private List<String> ids(long position) {
        List<String> ids = new ArrayList<>();
        rows(position).keys().forEach(key -> ids.add(key.getFirst()));
        return ids;
    }

    @Test
    void rowsAreKnownByTheKeysThatTheyHadAndHave() {
        recent.begin(new Lsn(10));
        read(10, 20, insert(ITEM, "1"), delete("2"), moved("3", row("4", "p")));
        read(20, 30, new Change.Update(layout(ITEM), Optional.empty(), row("5", "p")));
        assertThat(rows(10).columns()).containsExactly("id", "part");
        assertThat(rows(10).keys()).contains(List.of("1", "p"), List.of("4", "p"));
        assertThat(ids(10)).containsExactlyInAnyOrder("1", "2", "3", "4", "5");
        assertThat(ids(20)).containsExactly("5");
        assertThat(since(30)).isEmpty();
        read(30, 40, insert(ITEM, "1"));
        assertThat(ids(20)).containsExactlyInAnyOrder("1", "5");
    }

    @Test
    void aPartOfAKeyThatWasNotSentIsTakenFromTheOldOne() {
        recent.begin(new Lsn(10));
        read(10, 20, moved("1", row("2", Tuple.UNCHANGED)));
        assertThat(rows(10).keys()).containsExactlyInAnyOrder(List.of("1", "p"), List.of("2", "p"));
        read(20, 30, new Change.Update(layout(ITEM), Optional.empty(), row("9", Tuple.UNCHANGED)));
        assertThat(since(20).get(ITEM)).isInstanceOf(OfTable.Whole.class);
    }

    @Test
    void whatHasNoKeyOrWasEmptiedIsTakenAsAWhole() {
        recent.begin(new Lsn(10));
        read(10, 20, insert(BARE, "1"), insert(ITEM, "1"));
        read(20, 30, new Change.Truncate(List.of(ITEM)), insert(ITEM, "2"));
        assertThat(since(10).get(BARE)).isInstanceOf(OfTable.Keyless.class);
        assertThat(since(10).get(ITEM)).isInstanceOf(OfTable.Whole.class);
        assertThat(since(20)).containsOnlyKeys(ITEM);
        recent.keepSince(new Lsn(30));
        read(30, 40, insert(ITEM, "3"));
        assertThat(ids(30)).containsExactly("3");
    }

    @Test
    void ofTooManyKeysThoseOfTheLargestTableAreGivenUp() {
        recent.begin(new Lsn(10));
        for (int i = 0; i < KEYS_MAX; i++) {
            read(10 + i, 11 + i, insert(ITEM, "" + i));
        }
        assertThat(ids(10)).hasSize(KEYS_MAX);
        read(15, 20, insert(ITEM, "another"));
        assertThat(since(10).get(ITEM)).isInstanceOf(OfTable.Whole.class);
        assertThat(since(19).get(ITEM)).isInstanceOf(OfTable.Whole.class);
        assertThat(since(20)).isEmpty();
        recent.keepSince(new Lsn(20));
        read(20, 30, insert(ITEM, "1"));
        assertThat(ids(20)).containsExactly("1");
    }

    @Test
    void whatLiesBeforeTheFirstTransactionIsNotKnown() {
        recent.begin(new Lsn(40));
        read(20, 30, insert(ITEM, "1"));
        assertThat(recent.since(new Lsn(20))).as("the standby has more").isEmpty();
        read(30, 40, insert(ITEM, "2"));
        assertThat(recent.since(new Lsn(10))).isEmpty();
        assertThat(ids(20)).containsExactlyInAnyOrder("1", "2");
        recent.keepSince(new Lsn(30));
        assertThat(recent.since(new Lsn(20))).isEmpty();
        assertThat(ids(30)).containsExactly("2");
    }

    /// The log was set back, and the standby had what is missing.
    @Test
    void whatLiesBeforeAGapIsNotKnown() {
        recent.begin(new Lsn(60));
        read(10, 20, insert(ITEM, "1"));
        read(60, 70, insert(ITEM, "2"));
        assertThat(recent.since(new Lsn(10))).isEmpty();
        assertThat(recent.since(new Lsn(59))).isEmpty();
        assertThat(ids(60)).containsExactly("2");
    }

    @Test
    void transactionsThatComeAgainAreNoGap() {
        recent.begin(new Lsn(10));
        read(10, 20, insert(ITEM, "1"));
        read(20, 30, insert(ITEM, "2"));
        read(30, 20, insert(ITEM, "1"));
        read(30, 30, insert(ITEM, "2"));
        read(30, 40, insert(ITEM, "3"));
        assertThat(ids(10)).containsExactlyInAnyOrder("1", "2", "3");
        assertThat(ids(20)).containsExactlyInAnyOrder("2", "3");
    }
}
