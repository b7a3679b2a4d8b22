package dev.lockstep.orchestrator.kill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Many switches, there and back, under many writers that write down outside of the databases what
/// was acknowledged to them; in half of the switches Lockstep's process is killed at some step.
///
/// Every row that a side has acknowledged is on both in the end. One that a side had taken while it
/// was fenced would be on that side only: nothing carries changes from there.
///
/// It is short; `-Dlockstep.soak=true` has it whole, `-Dlockstep.seed=S` the same steps again.
class SoakTest {
    private static final boolean WHOLE = Boolean.getBoolean("lockstep.soak");
    private static final int WRITERS = WHOLE ? 16 : 4;
    private static final Duration PAUSE = Duration.ofMillis(WHOLE ? 10 : 20);
    private static final int SWITCHES = WHOLE ? 20 : 2;
    private static final long SEED =
            Long.getLong("lockstep.seed", new SecureRandom().nextInt(Integer.MAX_VALUE));
    private static final List<String> STEPS =
            List.of("look", "drain", "sequences", "intend", "fence", "open", "outcome", "turn");
    private static final String PAUSES =
            "SELECT (body->>'pauseMillis')::float8 FROM lockstep.journal"
                    + " WHERE event = 'Switched' ORDER BY seq";
    private static final String ROWS =
            "SELECT n || ',' || side FROM public.soak WHERE writer = %d ORDER BY n";

    private final Databases databases = new Databases();
    private final long start = System.nanoTime();
    private final List<SoakWriter> writers = new ArrayList<>();
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void start() {
        databases.create();
        for (Side side : Side.values()) {
            Pair.run(databases.of(side), SoakWriter.TABLES);
        }
        for (int i = 1; i <= WRITERS; i++) {
            writers.add(new SoakWriter(i, databases, PAUSE, folder.resolve("writer-" + i)));
        }
    }

    @AfterEach
    void close() {
        writers.forEach(SoakWriter::close);
        databases.close();
    }

    @Test
    void noAcknowledgedRowIsMissingWhereverLockstepDies() {
        List<String> deaths = deaths();
        System.out.printf("soak: seed %d, killed at %s%n", SEED, deaths);
        Path plan = databases.plan(folder, "unlimited");
        for (String point : deaths) {
            try (VictimProcess victim = start(plan, point)) {
                victim.awaitReached(point);
                victim.kill();
                System.out.printf("soak: killed at %s after %d ms%n", point, millis());
            }
        }
        try (VictimProcess victim = start(plan, "nowhere")) {
            victim.awaitReached(Victim.SETTLED);
            compare(victim);
            report();
            victim.go();
            victim.awaitExit(0);
        }
        assertThat(databases.leftOver()).isEmpty();
    }

    private static VictimProcess start(Path plan, String point) {
        return VictimProcess.start(plan, point, Integer.toString(SWITCHES), "abort");
    }

    /// Where processes die, one after the other: in half of the switches, at any step.
    private static List<String> deaths() {
        Random random = new Random(SEED);
        List<Integer> switches = new ArrayList<>(IntStream.range(0, SWITCHES).boxed().toList());
        Collections.shuffle(switches, random);
        return switches.stream()
                .limit(SWITCHES / 2)
                .sorted()
                .map(number -> STEPS.get(random.nextInt(STEPS.size())) + "/" + number)
                .toList();
    }

    private void compare(VictimProcess victim) {
        for (SoakWriter writer : writers) {
            List<String> acknowledged = writer.stop();
            List<String> rows = acknowledged.stream().map("(\"%s\")"::formatted).toList();
            assertThat(rows).hasSizeGreaterThan(10);
            assertThat(acknowledged).anyMatch(row -> row.endsWith("target"));
            for (Side side : List.of(Side.SOURCE, Side.TARGET)) {
                String query = ROWS.formatted(writer.number());
                Waiting.until(
                        "all rows of writer %d on the %s".formatted(writer.number(), side.label()),
                        () -> Pair.rows(databases.of(side), query).size() >= rows.size(),
                        victim::situation);
                assertThat(Pair.rows(databases.of(side), query)).isEqualTo(rows);
                assertThat(databases.number(side, total(writer))).isEqualTo(rows.size());
            }
        }
    }

    private static String total(SoakWriter writer) {
        return "SELECT rows FROM public.soak_total WHERE writer = " + writer.number();
    }

    private long millis() {
        return (System.nanoTime() - start) / 1_000_000;
    }

    private void report() {
        List<Double> pauses =
                Pair.rows(databases.of(Side.TARGET), PAUSES).stream()
                        .map(row -> Double.valueOf(row.substring(1, row.length() - 1)))
                        .toList();
        assertThat(pauses).hasSize(SWITCHES);
        System.out.println(
                list("pauses as journaled", pauses.stream().filter(p -> p >= 0).toList()));
        System.out.println(
                list(
                        "waits for a row of 50 ms and more",
                        writers.stream()
                                .flatMap(writer -> writer.gaps().stream())
                                .filter(gap -> gap >= 50)
                                .toList()));
        System.out.printf(
                "soak: %d ms, %d rows acknowledged, %d refused%n",
                millis(),
                writers.stream().mapToInt(writer -> writer.gaps().size()).sum(),
                writers.stream().mapToLong(SoakWriter::refusals).sum());
    }

    private static String list(String what, List<Double> millis) {
        List<Double> sorted = millis.stream().sorted().toList();
        return sorted.isEmpty()
                ? "soak: no " + what
                : "soak: %s: %d, p50 %.1f ms, p99 %.1f ms, max %.1f ms"
                        .formatted(
                                what,
                                sorted.size(),
                                sorted.get(sorted.size() / 2),
                                sorted.get(Math.min(sorted.size() - 1, sorted.size() * 99 / 100)),
                                sorted.getLast());
    }
}
