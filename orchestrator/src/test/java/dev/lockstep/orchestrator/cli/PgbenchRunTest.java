package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.lockstep.testing.Pair;
import dev.lockstep.testing.local.LocalServer;
import dev.lockstep.testing.local.Pooler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `pgbench` writes through a PgBouncer while writes move there and back. With
/// `-Dlockstep.switches=20` it does so for as long as that takes.
class PgbenchRunTest {
    private static final Logger LOG = LoggerFactory.getLogger(PgbenchRunTest.class);
    private static final int SWITCHES = Integer.getInteger("lockstep.switches", 2);
    private static final String TABLES =
            """
            CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int,
                                           filler char(84));
            CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88));
            CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int,
                                          filler char(84));
            CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp,
                                          filler char(22));
            ALTER TABLE pgbench_history REPLICA IDENTITY FULL;
            """;
    private static final String ROWS =
            """
            INSERT INTO pgbench_branches SELECT n, 0, '' FROM generate_series(1, 20) n;
            INSERT INTO pgbench_tellers SELECT n, n %% 20 + 1, 0, '' FROM generate_series(1, 200) n;
            INSERT INTO pgbench_accounts
            SELECT n, n %% 20 + 1, 0, '' FROM generate_series(1, %d) n;
            """;
    private static final int ACCOUNTS = 20_000;

    /// What the transactions keep equal.
    private static final String SUMS =
            """
            SELECT (SELECT sum(abalance) FROM pgbench_accounts) AS accounts,
                   (SELECT sum(tbalance) FROM pgbench_tellers) AS tellers,
                   (SELECT sum(bbalance) FROM pgbench_branches) AS branches,
                   (SELECT coalesce(sum(delta), 0) FROM pgbench_history) AS history,
                   (SELECT count(*) FROM pgbench_history) AS rows\
            """;

    private static final String SCRIPT =
            """
            \\set aid random(1, %d)
            \\set bid random(1, 20)
            \\set tid random(1, 200)
            \\set delta random(-5000, 5000)
            BEGIN;
            UPDATE public.pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
            SELECT abalance FROM public.pgbench_accounts WHERE aid = :aid;
            UPDATE public.pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
            UPDATE public.pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;
            INSERT INTO public.pgbench_history (tid, bid, aid, delta, mtime)
            VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);
            END;
            """;

    @TempDir Path folder;
    private final Pair pair = Pair.create();

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void noTransactionOfPgbenchFails() throws IOException {
        assumeThat(Pooler.isInstalled()).as(Pooler.MISSING).isTrue();
        assumeThat(LocalServer.find()).as("no pgbench below /usr/lib/postgresql").isPresent();
        LocalServer local = LocalServer.find().orElseThrow();
        pair.onBoth(TABLES);
        Pair.run(pair.source(), ROWS.formatted(ACCOUNTS));
        try (Pooler pooler = Pooler.to(folder, pair.source().endpoint())) {
            String gate = "cutover: { max-lag: 60s, gate: { pgbouncer: " + pooler.gate("") + " } }";
            Move move = Move.of(folder, pair, "schema: { copy: none }\n" + gate);
            List<String> pauses = new ArrayList<>();
            try (LiveRun run = LiveRun.inStep(move)) {
                Process bench = bench(local.bin(), pooler.port());
                for (int i = 0; i < SWITCHES; i++) {
                    awaitMore();
                    String told = move.told(i % 2 == 0 ? "cutover" : "rollback").done();
                    pauses.add(told.replaceFirst(".*write pause ", ""));
                }
                awaitMore();
                String summary = end(bench);
                assertThat(summary)
                        .contains("number of failed transactions: 0 (0.000%)")
                        .doesNotContain("aborted", "ERROR");
                move.told("validate").done();
                assertThat(run.stop().exit()).isEqualTo(130);
                LOG.warn(
                        "{} switches under pgbench: {}, longest transaction {} ms, pauses {}",
                        SWITCHES,
                        line(summary, "actually processed"),
                        longestMicros() / 1_000,
                        pauses);
                assertThat(longestMicros()).isLessThan(5_000_000);
                assertSums(summary);
            }
        }
    }

    private void assertSums(String summary) {
        String rows = line(summary, "actually processed").replaceFirst(".*: ([0-9]+).*", "$1");
        List<String> sums = Pair.rows(SWITCHES % 2 == 0 ? pair.source() : pair.target(), SUMS);
        assertThat(sums)
                .singleElement()
                .asString()
                .matches("\\((-?[0-9]+),\\1,\\1,\\1,%s\\)".formatted(rows));
    }

    private Process bench(Path bin, int port) throws IOException {
        Path script = Files.writeString(folder.resolve("bench.sql"), SCRIPT.formatted(ACCOUNTS));
        ProcessBuilder builder =
                new ProcessBuilder(
                        bin.resolve("pgbench").toString(),
                        "--no-vacuum",
                        "--client=8",
                        "--jobs=2",
                        "--time=36000",
                        "--log",
                        "--log-prefix=" + folder.resolve("transactions"),
                        "--file=" + script,
                        "--host=127.0.0.1",
                        "--port=" + port,
                        "--username=postgres",
                        "front");
        builder.environment().put("PGPASSWORD", "postgres");
        return builder.redirectErrorStream(true)
                .redirectOutput(folder.resolve("bench.out").toFile())
                .start();
    }

    /// Waits for some transactions more.
    private void awaitMore() {
        long atLeast = size() + 20_000;
        LiveRun.await("transactions", () -> size() > atLeast);
    }

    private long size() {
        return logs().stream().mapToLong(log -> log.toFile().length()).sum();
    }

    private List<Path> logs() {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().startsWith("transactions"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What the alarm of its own would do when its time is over.
    private String end(Process bench) throws IOException {
        new ProcessBuilder("kill", "-ALRM", Long.toString(bench.pid())).start().onExit().join();
        bench.onExit().join();
        return Files.readString(folder.resolve("bench.out"));
    }

    private long longestMicros() throws IOException {
        long longest = 0;
        for (Path log : logs()) {
            try (Stream<String> lines = Files.lines(log)) {
                longest =
                        Math.max(
                                longest,
                                lines.mapToLong(line -> Long.parseLong(line.split(" ", -1)[2]))
                                        .max()
                                        .orElse(0));
            }
        }
        return longest;
    }

    private static String line(String text, String with) {
        return text.lines().filter(line -> line.contains(with)).findFirst().orElse("none");
    }
}
