package dev.lockstep.plans.plan;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What editors say about a plan is what Lockstep says about it.
class PlanSchemaTest {
    private static final Path EXAMPLES = Path.of("examples");
    private static final Map<String, String> ENVIRONMENT =
            Map.of(
                    "SHOP_PASSWORD", "a",
                    "SALES_PASSWORD", "b",
                    "KAFKA_PASSWORD", "c",
                    "PGBOUNCER_PASSWORD", "d",
                    "CONFIG_TOKEN", "e");

    private static Schema schema;

    @TempDir Path temp;

    @BeforeAll
    static void readSchema() throws IOException {
        try (InputStream in = PlanFile.class.getResourceAsStream("plan.schema.json")) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            schema =
                    SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                            .getSchema(text, InputFormat.JSON);
        }
    }

    static Stream<Path> examples() throws IOException {
        try (Stream<Path> files = Files.list(EXAMPLES)) {
            return files.filter(f -> f.toString().endsWith(".yaml")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void everyExampleIsValidInBoth(Path example) throws IOException {
        String yaml = Files.readString(example);

        assertThat(yaml.lines().findFirst().orElseThrow())
                .isEqualTo(
                        "# yaml-language-server: $schema=../src/main/resources/dev/lockstep/plans/"
                                + "plan/plan.schema.json");
        assertThat(validate(yaml)).isEmpty();
        assertThat(PlanFile.read(example, ENVIRONMENT).name()).isNotEmpty();
    }

    @Test
    void theFullExampleHasEveryKeyOfTheSchema() throws IOException {
        Plan plan = PlanFile.read(EXAMPLES.resolve("full.yaml"), ENVIRONMENT);

        String yaml = Files.readString(EXAMPLES.resolve("full.yaml"));
        for (String key : schema.getSchemaNode().get("properties").propertyNames()) {
            assertThat(yaml).containsPattern("(?m)^" + key + ":");
            var group = schema.getSchemaNode().get("properties").get(key).get("properties");
            if (group != null) {
                for (String inner : group.propertyNames()) {
                    assertThat(yaml).containsPattern("(?m)^  " + inner + ":");
                }
            }
        }
        assertThat(plan.kafka()).hasToString("External[kafka1:9092,kafka2:9092]");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "backfill: { workers: 64, chunk: 33554432, rows-per-second: 9 }",
                "backfill: { workers: '64', chunk: '8KiB', rows-per-second: '9' }",
                "backfill: { workers: '${W:-1}', chunk: '${C:-1MiB}', rows-per-second: unlimited }",
                "kafka: { bootstrap.servers: '[::1]:9092', linger.ms: 5, auto: true }",
                "kafka: '${K:-embedded}'",
                "tables: { include: ['*'], exclude: [], mappings: [] }",
                "tables: { mappings: [{ table: 'a.b', columns: { x: y, z: 1 } }] }",
                "tables: { mappings: [{ table: '\"a.b\".c', to: 'a.\"\"\"\"' }] }",
                "schema: { expand: '.' }",
                "verify: {}",
                "verify: { mask: [public.users.password, '*.token', 'hr.*'] }",
                "verify: { continuous: 100% }",
                "verify: { continuous: 'off' }",
                "cutover: { terminate-blockers: never }",
                "cutover: { terminate-blockers: 500ms }",
                "complete: { old-side: free }",
                "limits: { retained-wal: 1TiB }",
                "cutover: { gate: '${G:-none}' }",
                "cutover: { gate: { pgbouncer: { console: 'b:1', user: u, config: c } } }",
                "cutover: { gate: { pgbouncer: [{ console: '${C:-[::1]:6432}', user: u, password: 1"
                        + ", config: c, database: d, source: 'a:1/b', target: '[::1]:1/b',"
                        + " pause-timeout: 1s }] } }",
                "cutover: { gate: { hooks: { hold: { run: [a, 1], timeout: 1s, undo: { http: {"
                        + " url: 'http://a:1/b?c' } } } } } }",
                "cutover: { gate: { hooks: { move: { http: { url: 'https://a', headers: { B: 1 } }"
                        + " }, release: { run: [a] } } } }",
                "reports: not/there/yet",
                "reports: '${R:-a}/b'",
            })
    void bothAccept(String added) {
        String yaml = PlanFolder.MINIMAL + added + "\n";

        assertThat(validate(yaml)).isEmpty();
        assertThat(PlanFolder.at(temp).read(yaml)).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "colour: red",
                "database: { url: 'jdbc:postgresql:a', user: b }",
                "kafka: external",
                "kafka: { client.id: x }",
                "kafka: { bootstrap.servers: k1 }",
                "kafka: { bootstrap.servers: 'k1:9092', client.id: [x] }",
                "tables: { includes: ['*'] }",
                "tables: { include: [] }",
                "tables: { include: public.* }",
                "tables: { include: [orders] }",
                "tables: { include: [null] }",
                "tables: { mappings: [{ to: a.b }] }",
                "tables: { mappings: [{ table: a.b }] }",
                "tables: { mappings: [{ table: a, to: a.b }] }",
                "tables: { mappings: [{ table: a.b, to: a.b.c }] }",
                "tables: { mappings: [{ table: a.b, columns: { x: '' } }] }",
                "tables: { mappings: [{ table: a.b, columns: { x: [] } }] }",
                "schema: { copy: some }",
                "schema: { expand: '' }",
                "schema: { undo: '.' }",
                "schema:",
                "backfill: { workers: 0 }",
                "backfill: { workers: 65 }",
                "backfill: { workers: two }",
                "backfill: { chunk: 32mb }",
                "backfill: { chunk: 1.5GiB }",
                "backfill: { rows-per-second: none }",
                "verify: { method: md5 }",
                "verify: { max-age: 15 }",
                "verify: { mask: '*.password' }",
                "verify: { mask: [users.password] }",
                "verify: { continuous: 10 }",
                "verify: { continuous: 0% }",
                "verify: { continuous: 101% }",
                "cutover: { terminate-blockers: yes }",
                "cutover: { terminate-blockers: 0s }",
                "cutover: { gate: pgbouncer }",
                "cutover: { gate: [none] }",
                "cutover: { gate: {} }",
                "cutover: { gate: { hooks: {} } }",
                "cutover: { gate: { haproxy: {} } }",
                "cutover: { gate: { hooks: { hold: { run: [a] } }, pgbouncer: { console: 'b:1',"
                        + " user: u, config: c } } }",
                "cutover: { gate: { hooks: { drain: { run: [a] } } } }",
                "cutover: { gate: { hooks: { hold: {} } } }",
                "cutover: { gate: { hooks: { hold: { run: a } } } }",
                "cutover: { gate: { hooks: { hold: { run: [] } } } }",
                "cutover: { gate: { hooks: { hold: { run: [''] } } } }",
                "cutover: { gate: { hooks: { hold: { run: [a], http: { url: 'http://a' } } } } }",
                "cutover: { gate: { hooks: { hold: { http: {} } } } }",
                "cutover: { gate: { hooks: { hold: { http: { url: 'ftp://a' } } } } }",
                "cutover: { gate: { hooks: { hold: { run: [a], timeout: 5 } } } }",
                "cutover: { gate: { hooks: { hold: { run: [a], undo: { timeout: 1s } } } } }",
                "cutover: { gate: { pgbouncer: [] } }",
                "cutover: { gate: { pgbouncer: { user: u, config: c } } }",
                "cutover: { gate: { pgbouncer: { console: b, user: u, config: c } } }",
                "cutover: { gate: { pgbouncer: { console: 'b:1', user: '', config: c } } }",
                "cutover: { gate: { pgbouncer: { console: 'b:1', user: u, config: '' } } }",
                "cutover: { gate: { pgbouncer: { console: 'b:1', user: u, config: c, database: '*'"
                        + " } } }",
                "cutover: { gate: { pgbouncer: { console: 'b:1', user: u, config: c, source: 'a:1'"
                        + " } } }",
                "cutover: { max-pause: 5 s }",
                "cutover: { max-pause: 0s }",
                "complete: { old-side: shut }",
                "complete: { old-side: 1 }",
                "limits: { retained-wal: a lot }",
                "reports: ''",
                "reports: { folder: a }",
            })
    void bothRefuse(String added) {
        String yaml = PlanFolder.MINIMAL + added + "\n";

        assertThat(validate(yaml)).isNotEmpty();
        assertThat(PlanFolder.at(temp).problems(yaml)).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lockstep: 2",
                "name: Shop",
                "name: 1st",
                "source: { url: 'mysql://db1/shop', user: a }",
                "source: { url: 'jdbc:postgresql://a:b@db1/shop', user: a }",
                "source: { url: 'jdbc:postgresql://db1/shop' }",
                "source: { url: 'jdbc:postgresql://db1/shop', user: '' }",
                "source: { user: a }",
                "source: db1",
            })
    void bothRefuseBrokenAndMissingRequiredKeys(String changed) {
        String key = changed.substring(0, changed.indexOf(':'));
        String yaml = PlanFolder.MINIMAL.replaceFirst("(?m)^" + key + ":.*", changed);
        String without = PlanFolder.MINIMAL.replaceFirst("(?m)^" + key + ":.*\n", "");

        for (String broken : List.of(yaml, without)) {
            assertThat(validate(broken)).isNotEmpty();
            assertThat(PlanFolder.at(temp).problems(broken)).isNotEmpty();
        }
    }

    private static List<Error> validate(String yaml) {
        return schema.validate(yaml, InputFormat.YAML);
    }
}
