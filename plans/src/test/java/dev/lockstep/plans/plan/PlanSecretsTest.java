package dev.lockstep.plans.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlanSecretsTest {
    private static final String SECRET = "hush";

    @TempDir Path temp;

    @Test
    void aPlanAsTextHoldsNoSecret() {
        Plan plan =
                PlanFolder.at(temp)
                        .with("KEY", "hush-3")
                        .read(
                                PlanFolder.MINIMAL.replace(
                                                "db2:5432/shop", "db2/b?sslpassword=hush")
                                        + """
                                        kafka:
                                          bootstrap.servers: k1:9092
                                          ssl.key.password: ${KEY}
                                          sasl.jaas.config: required password="hush-4";
                                          client.secret: hush-5
                                        """);

        assertThat(plan.toString()).contains("mover@db1:5432/shop", "k1:9092");
        assertThat(plan.toString()).doesNotContain(SECRET);
    }

    /// Each is one line of a plan with a mistake in or near a secret; the environment holds one
    /// too.
    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "source: { url: \"jdbc:postgresql://me:hush@db1/shop\", user: me }",
                "source: { url: \"postgresql://me:hush@db1/shop\", user: me }",
                "source: { url: \"jdbc:postgresql://db1:x/shop?password=hush\", user: me }",
                "source: { url: \"jdbc:postgresql://db1?password=hush\", user: me }",
                "source: { url: \"jdbc:postgresql://db1/shop?password=hush%zz\", user: me }",
                "source: { url: \"jdbc:postgresql:a?password=hush\", user: me, password: hush }",
                "source: { url: \"jdbc:postgresql://db1/a?sslpassword=hush%zz\", user: me }",
                "source: \"jdbc:postgresql://db1/shop?password=hush\"",
                "source: { url: \"jdbc:postgresql:a\", user: me, pasword: hush }",
                "source: { url: \"jdbc:postgresql:a\", user: me, password: [hush] }",
                "source: { url: \"jdbc:postgresql:a\", user: me, password:hush }",
                "source: { url: \"jdbc:postgresql:a\", user: me, password: x,hush }",
                "source: { url: \"jdbc:postgresql:a\", user: me, password hush: 1 }",
                "source: { url: \"jdbc:postgresql:a\", user: me, password: \"${hush-hush\" }",
                "source: { url: \"jdbc:postgresql:a\", user: me, password: \"${hush!}\" }",
                "source: { url: \"jdbc:postgresql:a\", user: me, password: \"hush }",
                "source: { url: \"jdbc:postgresql:a\", user: me, password: *hush }",
                "source: { url: \"jdbc:postgresql:a\", user: me, password: !hush!x y }",
                "source: { url: \"jdbc:postgresql:a\", user: me, password: @hush }",
                "source: { url: \"jdbc:postgresql:a\", user: me, password: {hush: x} }",
                "kafka: { bootstrap.servers: \"k1:9092\", ssl.key.password: [hush] }",
                "kafka: { bootstrap.servers: \"k1:9092\", ssl.key.password: x,hush }",
                "kafka: { bootstrap.servers: \"k1\", sasl.jaas.config: 'password=\"hush\";' }",
                "backfill: { workers: \"${SECRET}\" }",
                "verify: { method: \"${SECRET}\" }",
                "name: \"${SECRET}\"",
                "schema: { expand: \"${SECRET}\" }",
                "cutover: { gate: \"${SECRET}\" }",
                "cutover: { gate: { pgbouncer: { console: 'hush@b:1', password: [hush] } } }",
                "cutover: { gate: { pgbouncer: { console: 'b:1', password hush: 1 } } }",
                "cutover: { gate: { hooks: { hold: { run: [[hush]] } } } }",
                "cutover: { gate: { hooks: { hold: { run: hush } } } }",
                "cutover: { gate: { hooks: { hold: { http: { url: 'http://me:hush@a' } } } } }",
                "cutover: { gate: { hooks: { hold: { http: 'http://a/?hush' } } } }",
                "cutover: { gate: { hooks: { hold: { http: { headers: { a: [hush] } } } } } }",
                "tables: { include: [\"${SECRET}\"] }",
            })
    void aProblemHoldsNoSecret(String line) {
        Path file = PlanFolder.at(temp).write("lockstep: 1\n" + line + "\n");

        Throwable thrown = catchThrowable(() -> PlanFile.read(file, Map.of("SECRET", "Is hush!")));

        StringWriter told = new StringWriter();
        thrown.printStackTrace(new PrintWriter(told, true));
        assertThat(told.toString()).contains(":2: ").doesNotContain(SECRET);
    }
}
