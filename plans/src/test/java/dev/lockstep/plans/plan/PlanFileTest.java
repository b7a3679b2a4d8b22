package dev.lockstep.plans.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Mask;
import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.gate.GateSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanFileTest {
    private static final String EVERY_KEY =
            """
            kafka: { bootstrap.servers: "k1:9092, k2:9092", client.id: 7 }
            tables:
              include: ["public.*", "other.?"]
              exclude: [public.audit_*]
              mappings:
                - { table: public.orders, to: sales.orders, columns: { a: b } }
                - { table: '"Dotted.s".t', to: 'x."q""t"' }
                - { table: public.kept, columns: { c: d } }
            schema: { copy: none, expand: sql/expand/ }
            backfill: { workers: 64, chunk: 64kB, rows-per-second: 1000 }
            verify: { method: count, max-age: 1h, mask: [public.a.b, "*.secret"], continuous: 25% }
            cutover: { gate: none, max-lag: 500ms, max-pause: 3s, terminate-blockers: 1s }
            complete: { old-side: fenced }
            limits: { retained-wal: 1073741824 }
            reports: ../evidence
            """;

    private static final Mask MASK = new Mask(List.of("public.a.b", "*.secret"));

    @TempDir Path temp;
    private PlanFolder plans;

    @BeforeEach
    void folder() {
        plans = PlanFolder.at(temp);
    }

    @Test
    void leastPlanHasAllDefaults() {
        Plan plan = plans.read(PlanFolder.MINIMAL);

        assertThat(plan.name()).isEqualTo("shop");
        assertThat(plan.folder()).isEqualTo(temp);
        assertThat(plan.source()).hasToString("mover@db1:5432/shop");
        assertThat(plan.target().password().reveal()).isEqualTo("hush-2");
        assertThat(plan.kafka()).isEqualTo(new Plan.Kafka.Embedded());
        assertThat(plan.scope()).isEqualTo(Scope.ALL);
        assertThat(plan.mapping()).isEqualTo(Mapping.NONE);
        assertThat(plan.schema())
                .isEqualTo(
                        new Plan.Schema(Plan.Schema.Copy.AUTO, Optional.empty(), Optional.empty()));
        assertThat(plan.backfill())
                .isEqualTo(new Plan.Backfill(2, 32L << 20, OptionalLong.empty()));
        assertThat(plan.verify())
                .isEqualTo(
                        new Plan.Verify(
                                Plan.Verify.Method.CHECKSUM, Duration.ofMinutes(15), Mask.NONE, 0));
        assertThat(plan.cutover())
                .isEqualTo(
                        new Plan.Cutover(
                                new GateSpec.None(),
                                Duration.ofSeconds(2),
                                Duration.ofSeconds(5),
                                Optional.empty()));
        assertThat(plan.complete()).isEqualTo(new Plan.Complete(Plan.Complete.OldSide.FREE));
        assertThat(plan.limits()).isEqualTo(new Plan.Limits(20L << 30));
        assertThat(plan.reports().folder()).isEqualTo(temp.resolve("lockstep-reports"));
        assertThat(plan.reports().planHash()).matches("[0-9a-f]{64}");
    }

    @Test
    void everyKeyArrivesInThePlan() throws IOException {
        Files.createDirectories(temp.resolve("sql/expand"));
        Plan plan = plans.read(PlanFolder.MINIMAL + EVERY_KEY);

        assertThat(plan.kafka())
                .isEqualTo(
                        new Plan.Kafka.External(
                                Map.of("bootstrap.servers", "k1:9092, k2:9092", "client.id", "7")));
        assertThat(plan.scope())
                .isEqualTo(new Scope(List.of("public.*", "other.?"), List.of("public.audit_*")));
        assertThat(plan.mapping().rules())
                .isEqualTo(
                        Map.of(
                                new TableName("public", "orders"),
                                rule("sales", "orders", Map.of("a", "b")),
                                new TableName("Dotted.s", "t"),
                                rule("x", "q\"t", Map.of()),
                                new TableName("public", "kept"),
                                rule("public", "kept", Map.of("c", "d"))));
        assertThat(plan.schema())
                .isEqualTo(
                        new Plan.Schema(
                                Plan.Schema.Copy.NONE,
                                Optional.of(temp.resolve("sql/expand")),
                                Optional.empty()));
        assertThat(plan.backfill()).isEqualTo(new Plan.Backfill(64, 64_000, OptionalLong.of(1000)));
        assertThat(plan.verify())
                .isEqualTo(
                        new Plan.Verify(Plan.Verify.Method.COUNT, Duration.ofHours(1), MASK, 25));
        assertThat(plan.cutover())
                .isEqualTo(
                        new Plan.Cutover(
                                new GateSpec.None(),
                                Duration.ofMillis(500),
                                Duration.ofSeconds(3),
                                Optional.of(Duration.ofSeconds(1))));
        assertThat(plan.complete()).isEqualTo(new Plan.Complete(Plan.Complete.OldSide.FENCED));
        assertThat(plan.limits()).isEqualTo(new Plan.Limits(1L << 30));
        assertThat(plan.reports().folder()).isEqualTo(temp.resolveSibling("evidence"));
    }

    @Test
    void aPlanWithOneLineForEachGroupIsUnderstood() throws IOException {
        Files.createDirectories(temp.resolve("expand"));
        Files.createDirectories(temp.resolve("contract"));
        Files.writeString(temp.resolve("db2"), "from-file\n");
        Plan plan =
                plans.with("SHOP_PASSWORD", "from-environment")
                        .read(
                                """
                                lockstep: 1                          # version of the format
                                name: shop                           # names slots, topics
                                source: { url: jdbc:postgresql://db1:5432/shop, user: app_mover, \
                                password: "${SHOP_PASSWORD}" }
                                target: { url: jdbc:postgresql://db2:5432/shop, user: app_mover, \
                                password: "${file:db2}" }
                                kafka: embedded
                                tables:
                                  include: ["public.*"]
                                  exclude: ["public.audit_*"]
                                  mappings:
                                    - table: public.orders
                                      to: sales.orders               # other schema or name
                                      columns: { total: total_amount }
                                schema:
                                  copy: auto
                                  expand: expand/
                                  contract: contract/
                                backfill: { workers: 2, chunk: 32MiB, rows-per-second: unlimited }
                                verify: { method: checksum, max-age: 15m }     # checksum | count
                                cutover: { gate: none, max-lag: 2s, max-pause: 5s }
                                limits: { retained-wal: 20GiB }
                                """);

        assertThat(plan.source().password().reveal()).isEqualTo("from-environment");
        assertThat(plan.target().password().reveal()).isEqualTo("from-file");
        assertThat(plan.schema().contract()).contains(temp.resolve("contract"));
    }

    @Test
    void fiveMistakesAreFiveProblemsEachOnItsLine() {
        String yaml =
                """
                lockstep: 1
                name: Shop_1
                source: { url: mysql://db1/shop, user: mover }
                target:
                  url: jdbc:postgresql://db2/shop
                  user: mover
                  password: ${SHOP_PASSWORD}
                bakfill: { workers: 2 }
                verify:
                  method: checksum
                  max-age: 15 minutes
                """;

        assertThat(plans.problems(yaml))
                .containsExactly(
                        "2: name is \"Shop_1\", expected up to 40 of a-z, 0-9 and -, with a letter"
                                + " first, like shop-2",
                        "3: source.url is a URL that starts with mysql://, expected a URL like"
                                + " jdbc:postgresql://host:5432/database",
                        "7: the environment variable SHOP_PASSWORD is not set, expected a value for"
                                + " ${SHOP_PASSWORD}",
                        "8: unknown key \"bakfill\", did you mean \"backfill\"?",
                        "11: verify.max-age is \"15 minutes\", expected a time from 1s to 720h,"
                                + " like 15m");
        Path file = plans.write(yaml);
        assertThatThrownBy(() -> PlanFile.read(file, Map.of()))
                .isInstanceOf(LockstepException.class)
                .hasMessageStartingWith(
                        "the plan %s cannot be used: 5 problems\n  - %s:2: name is"
                                .formatted(file, file));
    }

    @Test
    void missingKeysAreAllNamed() {
        assertThat(plans.problems("kafka: { client.id: x }\nsource: {}\n"))
                .satisfiesExactly(
                        p -> assertThat(p).startsWith("1: lockstep is missing, expected 1"),
                        p -> assertThat(p).startsWith("1: name is missing"),
                        p -> assertThat(p).startsWith("1: target is missing"),
                        p -> assertThat(p).startsWith("1: kafka.bootstrap.servers is missing"),
                        p -> assertThat(p).startsWith("2: source.url is missing"),
                        p -> assertThat(p).startsWith("2: source.user is missing"));
    }

    @Test
    void mistypedKeysAreReadAsTheOnesThatWereMeant() {
        String yaml = PlanFolder.MINIMAL.replace("name: shop", "nmae: Shop");

        assertThat(plans.problems(yaml + "backfil: { worker: 0 }\n"))
                .satisfiesExactly(
                        p -> assertThat(p).startsWith("2: unknown key \"nmae\", did you mean"),
                        p -> assertThat(p).startsWith("2: name is \"Shop\", expected"),
                        p -> assertThat(p).startsWith("6: unknown key \"backfil\", did you mean"),
                        p -> assertThat(p).startsWith("6: unknown key \"worker\" in backfill"),
                        p -> assertThat(p).startsWith("6: backfill.workers is \"0\", expected"));
    }

    @Test
    void credentialsInTheUrlAreTakenOutOfIt() {
        Plan plan =
                plans.read(
                        """
                        lockstep: 1
                        name: shop
                        source: { url: "jdbc:postgresql://h/a?user=me%40x&ssl=true&password=a%26b" }
                        target: { url: "jdbc:postgresql:b", user: me }
                        """);

        assertThat(plan.source().url()).isEqualTo("jdbc:postgresql://h/a?ssl=true");
        assertThat(plan.source().user()).isEqualTo("me@x");
        assertThat(plan.source().password().reveal()).isEqualTo("a&b");
        assertThat(plan.target().password().reveal()).isEmpty();
    }

    @Test
    void changesInsideOneDatabaseAreOneProblem() {
        String yaml =
                """
                lockstep: 1
                name: order-cents
                database: { url: jdbc:postgresql:a, user: me, password: "${UNSET}" }
                versions: { old: shop_v1, new: shop_v2 }
                change:
                  - rename-column: { table: public.orders, from: note, to: remark }
                """;

        assertThat(plans.problems(yaml))
                .containsExactly(
                        "3: database belongs to a change inside one database, expected source and"
                                + " target: this version moves between two databases only");
    }

    @Test
    void problemsShowNoControlCharactersAndNoEndlessTexts() {
        assertThat(
                        plans.problems(
                                PlanFolder.MINIMAL
                                        + "verify: { method: \"a\\e\\n"
                                        + "x".repeat(99)
                                        + "\" }"))
                .singleElement()
                .asString()
                .startsWith("6: verify.method is \"a x")
                .contains("xxx...\", expected checksum or count");
    }

    private static Mapping.Rule rule(String schema, String name, Map<String, String> columns) {
        return new Mapping.Rule(new TableName(schema, name), columns);
    }
}
