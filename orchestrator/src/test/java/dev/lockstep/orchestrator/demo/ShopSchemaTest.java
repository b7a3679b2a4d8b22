package dev.lockstep.orchestrator.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.PostgresServer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ShopSchemaTest {
    private static final String ROWS =
            """
            SELECT (xpath('/row/c/text()', query_to_xml(
                        format('SELECT count(*) AS c FROM public.%I', relname),
                        false, true, '')))[1]
              FROM pg_class WHERE relnamespace = 'public'::regnamespace
               AND relkind IN ('r', 'p') AND NOT relispartition\
            """;
    private static final String EMPTY_PARTITIONS =
            """
            SELECT count(*) FROM pg_inherits
             WHERE inhparent = 'public.events'::regclass
               AND NOT (xpath('/row/c/text()', query_to_xml('SELECT count(*) > 9 AS c FROM '
                        || inhrelid::regclass, false, true, '')))[1]::text::boolean\
            """;

    @Test
    void aLoadedShopHasAsManyRowsAsItSaysInEveryTable() {
        try (Db db = PostgresServer.shared().database();
                Session session = db.session("test")) {
            ShopSchema.create(db);
            List<Long> seen = new ArrayList<>();
            ShopSize size = ShopSchema.load(db, 20_000, (rows, total, table) -> seen.add(rows));

            List<Long> counts =
                    session.rows(ROWS, row -> row.textAt(1).map(Long::valueOf).orElseThrow());
            assertThat(counts).hasSize(9).allMatch(count -> count > 0);
            assertThat(counts.stream().mapToLong(Long::longValue).sum()).isEqualTo(size.total());
            assertThat(size.total()).isEqualTo(20_000);
            assertThat(seen).isSorted().last().isEqualTo(size.total());
            assertThat(session.number(EMPTY_PARTITIONS)).isZero();
        }
    }

    @Test
    void loadedReferencesHoldAndBigValuesAreStoredOutOfLine() {
        try (Db db = PostgresServer.shared().database();
                Session session = db.session("test")) {
            ShopSchema.create(db);
            ShopSize size = ShopSchema.load(db, ShopSize.ROWS_MIN, (_, _, _) -> {});

            session.run("SET search_path = public");
            assertThat(
                            session.number(
                                    "SELECT count(*) FROM order_items JOIN orders ON order_id = id"
                                            + " JOIN products p ON p.id = product_id"
                                            + " JOIN customers c ON c.id = customer_id"))
                    .isEqualTo(size.items());
            assertThat(session.number("SELECT sum(balance)::bigint FROM accounts"))
                    .isEqualTo(size.balances());
            assertThat(session.number("SELECT max(octet_length(image)) FROM products"))
                    .isGreaterThan(8_192);
            assertThat(
                            session.number(
                                    "SELECT pg_relation_size(reltoastrelid) FROM pg_class"
                                            + " WHERE oid = 'products'::regclass"))
                    .isPositive();
        }
    }
}
