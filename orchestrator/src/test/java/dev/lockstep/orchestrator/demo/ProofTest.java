package dev.lockstep.orchestrator.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Two loaded databases that hold the same, and a proof that has to see whatever is changed.
class ProofTest {
    private static final Pair PAIR = Pair.create();
    private static ShopSize size = ShopSize.of(ShopSize.ROWS_MIN);
    private static int copies;

    private final WriteRecord writes = new WriteRecord(2);

    @BeforeAll
    static void loadBoth() {
        for (var db : List.of(PAIR.source(), PAIR.target())) {
            ShopSchema.create(db);
            size = ShopSchema.load(db, 5_000, (_, _, _) -> {});
            // A template has no sessions, and those of a pool stay for a while.
            try (Session session = db.session("load")) {
                session.run("SET search_path = public");
                // What differs between two loads by nature.
                session.run(
                        "UPDATE ledger SET at = 'epoch'; UPDATE products SET changed_at = 'epoch'");
                session.run(
                        """
                        INSERT INTO ledger (writer, number, work, at) VALUES
                            (1, 1, 'a', 'epoch'), (1, 2, 'a', 'epoch'), (2, 1, 'a', 'epoch')\
                        """);
            }
        }
    }

    @AfterAll
    static void close() {
        PAIR.close();
    }

    @Test
    void equalDatabasesWithEveryAcknowledgedWritePass() {
        acknowledgeAll();

        List<Proof.Check> checks = check();
        assertThat(checks).allMatch(Proof.Check::passed);
        assertThat(named(checks, "rows compared").found()).isEqualTo("5,003");
        assertThat(checks).filteredOn(c -> c.name().startsWith("table ")).hasSize(9);
    }

    @Test
    void aLedgerRowThatIsGoneFromBothIsALostWrite() {
        acknowledgeAll();
        writes.acknowledged(2, 2);
        writes.unknown(2, 3);

        List<Proof.Check> checks = check();
        assertThat(failing(checks)).containsExactly("acknowledged writes lost");
        assertThat(named(checks, "acknowledged writes lost").found()).isEqualTo("1");
    }

    @Test
    void aWriteThatWasNeverAcknowledgedOrIsThereTwiceIsSeen() {
        writes.acknowledged(1, 1);
        writes.unknown(1, 2);

        List<Proof.Check> checks =
                checkWith("INSERT INTO ledger (writer, number, work) VALUES (1, 1, 'again')");
        assertThat(failing(checks))
                .contains("writes there twice", "writes there though refused", "table ledger");
        assertThat(named(checks, "acknowledged writes lost").passed()).isTrue();
    }

    @Test
    void aDeletedLedgerRowIsADifferenceAndALoss() {
        acknowledgeAll();

        List<Proof.Check> checks = checkWith("DELETE FROM ledger WHERE writer = 1 AND number = 2");
        assertThat(failing(checks))
                .containsExactly(
                        "table ledger",
                        "rows compared",
                        "rows different",
                        "acknowledged writes lost");
        assertThat(named(checks, "rows different").found()).isEqualTo("1");
    }

    @Test
    void aChangedBalanceBreaksTheSumAndTheLedger() {
        acknowledgeAll();

        List<Proof.Check> checks =
                checkWith("UPDATE accounts SET balance = balance + 0.01 WHERE id = 3");
        assertThat(failing(checks))
                .containsExactly(
                        "table accounts",
                        "rows different",
                        "sum of all balances",
                        "balances the ledger does not explain");
        assertThat(named(checks, "rows different").found()).isEqualTo("2");
    }

    @Test
    void oneByteOfAnImageOneOfTwoEqualRowsAndAMissingTableAreSeen() {
        acknowledgeAll();

        assertThat(
                        failing(
                                checkWith(
                                        "UPDATE products SET image = set_byte(image, 9000,"
                                                + " get_byte(image, 9000) # 1) WHERE number = 20")))
                .containsExactly("table products", "rows different");
        assertThat(failing(checkWith("DELETE FROM audit_log WHERE ctid = '(0,1)'")))
                .containsExactly("table audit_log", "rows compared", "rows different");
        assertThat(failing(checkWith("DROP TABLE audit_log"))).contains("tables", "rows compared");
        assertThat(failing(checkWith("SELECT setval('orders_id_seq', 5)")))
                .containsExactly("sequences behind their columns");
    }

    @Test
    void theTableMarksWhatFailed() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ProofTable.print(
                new PrintStream(bytes, true, StandardCharsets.UTF_8),
                List.of(
                        Proof.Check.equal("rows compared", 1_000_000, 1_000_000),
                        Proof.Check.atMost("pause", 12, 5, " ms")));

        assertThat(bytes.toString(StandardCharsets.UTF_8).lines())
                .containsExactly(
                        "",
                        "        proved             found      expected",
                        "  --------------------------------------------",
                        "  ok    rows compared  1,000,000     1,000,000",
                        "  FAIL  pause              12 ms  at most 5 ms",
                        "",
                        "  1 of 2 checks passed");
    }

    private void acknowledgeAll() {
        writes.acknowledged(1, 1);
        writes.acknowledged(1, 2);
        writes.acknowledged(2, 1);
    }

    private List<Proof.Check> check() {
        return Proof.of(PAIR.source(), PAIR.target(), size, writes);
    }

    /// What is found when `change` was made to a copy of the active database.
    private List<Proof.Check> checkWith(String change) {
        String name = "proof_copy_" + copies++;
        PostgresServer server = PostgresServer.shared();
        try (Db admin = server.open("postgres");
                Session session = admin.session("copy")) {
            session.run(
                    "CREATE DATABASE %s TEMPLATE %s"
                            .formatted(name, PAIR.source().endpoint().database()));
        }
        try (Db copy = server.open(name)) {
            Pair.run(copy, change);
            return Proof.of(copy, PAIR.target(), size, writes);
        }
    }

    private static List<String> failing(List<Proof.Check> checks) {
        return checks.stream().filter(check -> !check.passed()).map(Proof.Check::name).toList();
    }

    private static Proof.Check named(List<Proof.Check> checks, String name) {
        return checks.stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow();
    }
}
