package dev.lockstep.plans.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.util.List;
import org.junit.jupiter.api.Test;

class CatalogTest {
    private static final String TABLES =
            """
            CREATE TABLE plain (b int NOT NULL, a bigserial, note text,
                twice int GENERATED ALWAYS AS (b * 2) STORED, PRIMARY KEY (a, b));
            CREATE TABLE bare (x json);
            CREATE TABLE full_identity (x int);
            ALTER TABLE full_identity REPLICA IDENTITY FULL;
            CREATE TABLE late (id int PRIMARY KEY DEFERRABLE);
            CREATE TABLE day (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
            CREATE TABLE day_1 PARTITION OF day FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
            CREATE SCHEMA "Other.x"; CREATE TABLE "Other.x"."Q""t" (id uuid PRIMARY KEY);
            CREATE SEQUENCE free INCREMENT -5 CYCLE\
            """;

    @Test
    void readsTablesKeysPartitionsAndSequences() {
        try (Db db = PostgresServer.shared().database()) {
            Pair.run(db, TABLES);
            try (Session session = db.session("test")) {
                Catalog catalog = Catalog.read(session, Scope.ALL);

                Table plain = catalog.table(new TableName("public", "plain")).orElseThrow();
                assertThat(plain.changeKey().orElseThrow().columns()).containsExactly("a", "b");
                assertThat(plain.writtenColumns().stream().map(Column::name))
                        .containsExactly("b", "a", "note");
                assertThat(usable(catalog, "bare")).isFalse();
                assertThat(usable(catalog, "full_identity")).isTrue();
                assertThat(usable(catalog, "late")).isFalse();
                assertThat(catalog.rowTables().stream().map(t -> t.name().name()))
                        .contains("day_1", "Q\"t")
                        .doesNotContain("day");
                assertThat(catalog.sequences().stream().map(s -> s.name().name()))
                        .containsExactlyInAnyOrder("plain_a_seq", "free");

                Scope days = new Scope(List.of("public.day"), List.of());
                assertThat(Catalog.read(session, days).tables().keySet())
                        .extracting(TableName::name)
                        .containsExactly("day", "day_1");
                Scope others = new Scope(List.of("*"), List.of("public.*"));
                assertThat(Catalog.read(session, others).tables()).hasSize(1);
            }
        }
    }

    private static boolean usable(Catalog catalog, String table) {
        return catalog.table(new TableName("public", table)).orElseThrow().hasUsableIdentity();
    }
}
