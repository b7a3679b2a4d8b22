package dev.lockstep.plans.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VariablesTest {
    @TempDir Path temp;
    private Variables variables;

    @BeforeEach
    void variables() {
        variables =
                new Variables(
                        temp,
                        Map.of("HOST", "db1", "EMPTY", "", "NESTED", "${HOST}"),
                        new Findings(temp));
    }

    @Test
    void variablesDefaultsAndEscapes() {
        assertThat(fill("a ${HOST}:${PORT:-5432} b")).isEqualTo("a db1:5432 b");
        assertThat(fill("${EMPTY}|${EMPTY:-x}|${UNSET:-}")).isEqualTo("|x|");
        assertThat(fill("$${HOST} $ {} $$ $1 \\1")).isEqualTo("${HOST} $ {} $$ $1 \\1");
        assertThat(fill("${NESTED}")).isEqualTo("${HOST}");
        assertThat(variables.fill("${UNSET}", 1)).isEmpty();
    }

    @Test
    void filesLoseTheLineBreakAtTheirEndOnly() throws IOException {
        Files.writeString(temp.resolve("secret"), " two\nlines \n\n");
        Files.writeString(temp.resolve("windows"), "one\r\n");

        assertThat(fill("${file:secret}")).isEqualTo(" two\nlines \n");
        assertThat(fill("<${file:" + temp.resolve("windows") + "}>")).isEqualTo("<one>");
        assertThat(variables.fill("${file:none}", 1)).isEmpty();
    }

    @Test
    void numbersAndAllOtherTextsMayBeVariables() {
        Plan plan =
                PlanFolder.at(temp)
                        .with("N", "7")
                        .read(
                                PlanFolder.MINIMAL.replace("lockstep: 1", "lockstep: ${ONE:-1}")
                                        + """
                                        backfill: { workers: "${N}", chunk: "${N}MiB" }
                                        tables: { include: ["s${N}.*"] }
                                        kafka: ${KAFKA:-embedded}
                                        """);

        assertThat(plan.backfill().workers()).isEqualTo(7);
        assertThat(plan.backfill().chunkBytes()).isEqualTo(7L << 20);
        assertThat(plan.scope().include()).containsExactly("s7.*");
    }

    private String fill(String text) {
        return variables.fill(text, 1).orElseThrow();
    }
}
