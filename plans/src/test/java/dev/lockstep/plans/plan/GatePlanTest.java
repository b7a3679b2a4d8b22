package dev.lockstep.plans.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.gate.GateSpec;
import dev.lockstep.plans.gate.GateSpec.Action;
import dev.lockstep.plans.gate.GateSpec.Moment;
import dev.lockstep.plans.gate.GateSpec.Server;
import dev.lockstep.plans.sql.Secret;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GatePlanTest {
    private static final String BOUNCERS =
            """
            cutover:
              max-pause: 3s
              gate:
                pgbouncer:
                  - console: "localhost:6432"
                    user: admin
                    password: "${PASSWORD}"
                    config: pgb/pgbouncer.ini
                  - console: "[::1]:6433"
                    user: admin
                    config: /etc/pgbouncer.ini
                    database: front
                    source: 10.0.0.1:5432/a
                    target: "[::2]:6000/b"
                    pause-timeout: 500ms
            """;
    private static final String HOOKS =
            """
            cutover:
              gate:
                hooks:
                  hold:
                    run: [./proxy, hold, "${PASSWORD}"]
                    timeout: 1s
                    undo: { run: [./proxy, release] }
                  move:
                    http:
                      url: "https://conf.test:1/db?${PASSWORD}"
                      headers: { Authorization: "Bearer ${PASSWORD}" }
            """;

    @TempDir Path temp;

    private GateSpec read(String gate) {
        return plans().read(PlanFolder.MINIMAL + gate).cutover().gate();
    }

    private PlanFolder plans() {
        return PlanFolder.at(temp).with("PASSWORD", "hush");
    }

    @Test
    void pgBouncersArriveWithWhatTheUrlsSayOfTheServers() {
        GateSpec.PgBouncer first =
                new GateSpec.PgBouncer(
                        new GateSpec.Console("localhost", 6432, "admin", new Secret("hush")),
                        temp.resolve("pgb/pgbouncer.ini"),
                        "shop",
                        new Server("db1", 5432, "shop"),
                        new Server("db2", 5432, "shop"),
                        Duration.ofSeconds(3));
        GateSpec.PgBouncer second =
                new GateSpec.PgBouncer(
                        new GateSpec.Console("::1", 6433, "admin", new Secret("")),
                        Path.of("/etc/pgbouncer.ini"),
                        "front",
                        new Server("10.0.0.1", 5432, "a"),
                        new Server("::2", 6000, "b"),
                        Duration.ofMillis(500));

        assertThat(read(BOUNCERS)).isEqualTo(new GateSpec.PgBouncers(List.of(first, second)));
    }

    @Test
    void onePgBouncerNeedsNoList() {
        assertThat(
                        read(
                                "cutover: { gate: { pgbouncer: { console: 'b:1', user: u, config:"
                                        + " c } } }\n"))
                .isInstanceOfSatisfying(
                        GateSpec.PgBouncers.class, all -> assertThat(all.all()).hasSize(1));
    }

    @Test
    void hooksArriveInThePlan() {
        assertThat(read(HOOKS))
                .isEqualTo(
                        new GateSpec.Hooks(
                                Map.of(
                                        Moment.HOLD,
                                        new GateSpec.Hook(
                                                new Action.Command(
                                                        List.of("./proxy", "hold", "hush")),
                                                Duration.ofSeconds(1),
                                                Optional.of(
                                                        new Action.Command(
                                                                List.of("./proxy", "release")))),
                                        Moment.MOVE,
                                        new GateSpec.Hook(
                                                new Action.Call(
                                                        URI.create("https://conf.test:1/db?hush"),
                                                        Map.of(
                                                                "Authorization",
                                                                new Secret("Bearer hush"))),
                                                Duration.ofSeconds(5),
                                                Optional.empty()))));
    }

    @Test
    void gatesAsTextHoldNoSecret() {
        assertThat(read(BOUNCERS).toString()).contains("localhost:6432").doesNotContain("hush");
        assertThat(read(HOOKS).toString())
                .contains("./proxy", "https://conf.test:1/db")
                .doesNotContain("hush");
    }

    @Test
    void allThatIsWrongWithAGateIsTold() {
        assertThat(
                        plans().problems(
                                        PlanFolder.MINIMAL
                                                + """
                                                cutover:
                                                  gate:
                                                    pgbouncer:
                                                      - console: localhost
                                                        usr: ""
                                                        target: db1:5432/shop
                                                      - config: ""
                                                        password: [hush]
                                                        pause-timeout: 5
                                                """))
                .satisfiesExactly(
                        p -> assertThat(p).startsWith("9: cutover.gate.pgbouncer.console is"),
                        p ->
                                assertThat(p)
                                        .startsWith("9: cutover.gate.pgbouncer.config is missing"),
                        p -> assertThat(p).startsWith("10: unknown key \"usr\""),
                        p -> assertThat(p).startsWith("10: cutover.gate.pgbouncer.user is \"\""),
                        p -> assertThat(p).contains("source are both db1:5432/shop"),
                        p -> assertThat(p).contains("console is missing"),
                        p -> assertThat(p).contains("user is missing"),
                        p -> assertThat(p).contains("config is \"\", expected the path"),
                        p -> assertThat(p).contains("password is a list"),
                        p -> assertThat(p).contains("pause-timeout is \"5\", expected a time"));
    }
}
