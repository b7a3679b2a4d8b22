package dev.lockstep.orchestrator.demo;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// What the shop's applications do. Which work a write is, and on which rows, follows from its
/// writer and number alone, so that a write that is made again is the same write.
final class ShopWork {
    private static final int LARGE_IMAGE = 12_000;

    private final ShopSize size;
    private final int writer;
    private final long seed;
    private final List<Work> works =
            List.of(
                    new Work("transfer", 40, this::transfer),
                    new Work("order", 18, this::order),
                    new Work("order status", 8, this::orderStatus),
                    new Work("order deleted", 4, this::deleteOrder),
                    new Work("item renumbered", 4, this::renumberItem),
                    new Work("product", 6, this::changeProduct),
                    new Work("product image", 2, this::changeImage),
                    new Work("product id", 1, this::changeProductId),
                    new Work("customer", 4, this::newCustomer),
                    new Work("profile", 4, this::changeProfile),
                    new Work("event", 4, this::newEvent),
                    new Work("event moved", 2, this::moveEvent),
                    new Work("audit", 2, this::audit),
                    new Work("audit redacted", 1, this::redactAudit));
    private final int weights = works.stream().mapToInt(Work::weight).sum();

    /// Work of one writer in a shop that was loaded with `size`.
    ShopWork(ShopSize size, int writer, long seed) {
        this.size = size;
        this.writer = writer;
        this.seed = seed;
    }

    private record Work(String name, int weight, Step step) {}

    private record Move(int debit, int credit, BigDecimal amount) {}

    /// One write that is under way.
    private record Write(Connection connection, int number, RandomGenerator random) {
        int run(String sql, @Nullable Object... parameters) throws SQLException {
            try (PreparedStatement statement = prepared(sql, parameters)) {
                return statement.executeUpdate();
            }
        }

        long returned(String sql, @Nullable Object... parameters) throws SQLException {
            try (PreparedStatement statement = prepared(sql, parameters);
                    ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }

        private PreparedStatement prepared(String sql, @Nullable Object... parameters)
                throws SQLException {
            PreparedStatement statement = connection.prepareStatement(sql);
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            return statement;
        }

        /// A number from 1 to `last`.
        int any(long last) {
            return 1 + (int) random.nextLong(Math.min(last, Integer.MAX_VALUE - 1));
        }
    }

    @FunctionalInterface
    private interface Step {
        Optional<Move> run(Write write) throws SQLException;
    }

    /// Does everything of a write but its commit. Each write leaves one row in the ledger.
    void perform(Connection connection, int number) throws SQLException {
        RandomGenerator random = new SplittableRandom(seed ^ ((long) writer << 40) ^ number);
        Write write = new Write(connection, number, random);
        Work work = choose(random.nextInt(weights));
        Optional<Move> move = work.step().run(write);
        write.run(
                """
                INSERT INTO ledger (writer, number, work, debit, credit, amount)
                VALUES (?, ?, ?, ?, ?, ?)\
                """,
                writer,
                number,
                work.name(),
                move.map(Move::debit).orElse(null),
                move.map(Move::credit).orElse(null),
                move.map(Move::amount).orElse(BigDecimal.ZERO));
    }

    private Work choose(int ticket) {
        int left = ticket;
        for (Work work : works) {
            left -= work.weight();
            if (left < 0) {
                return work;
            }
        }
        throw new AssertionError("no work for " + ticket);
    }

    private Optional<Move> transfer(Write write) throws SQLException {
        int debit = write.any(size.accounts());
        int credit = write.any(size.accounts());
        BigDecimal amount = BigDecimal.valueOf(write.any(9_999), 2);
        boolean debitFirst = debit < credit; // always the lower account first: no deadlocks
        for (boolean isDebit : new boolean[] {debitFirst, !debitFirst}) {
            write.run(
                    "UPDATE accounts SET balance = balance + ?, version = version + 1 WHERE id = ?",
                    isDebit ? amount.negate() : amount,
                    isDebit ? debit : credit);
        }
        return Optional.of(new Move(debit, credit, amount));
    }

    private Optional<Move> order(Write write) throws SQLException {
        long order =
                write.returned(
                        "INSERT INTO orders (customer_id, note) VALUES (?, ?) RETURNING id",
                        write.any(size.customers()),
                        write.random().nextBoolean() ? "écrit par " + writer : null);
        int items = write.any(4);
        int first = write.any(size.products());
        for (int line = 1; line <= items; line++) {
            // The lock keeps the product's id as it is until the reference to it is committed.
            write.run(
                    """
                    INSERT INTO order_items (order_id, line, product_id, quantity, price)
                    SELECT ?, ?, id, ?, price FROM products WHERE number = ? FOR KEY SHARE\
                    """,
                    order,
                    line,
                    line,
                    Math.min(size.products(), (long) first + line));
        }
        write.run(
                """
                INSERT INTO payments (order_id, amount, method)
                SELECT order_id, sum(quantity * price), 'card' FROM order_items
                 WHERE order_id = ? GROUP BY order_id\
                """,
                order);
        return Optional.empty();
    }

    private Optional<Move> orderStatus(Write write) throws SQLException {
        int order = write.any(size.orders());
        write.run(
                """
                UPDATE orders SET status = 'shipped', shipped_in = now() - placed_at
                 WHERE id = ?\
                """,
                order);
        write.run(
                "UPDATE payments SET paid = true, paid_at = localtimestamp WHERE order_id = ?",
                order);
        return Optional.empty();
    }

    private Optional<Move> deleteOrder(Write write) throws SQLException {
        write.run(
                "DELETE FROM orders WHERE id = (SELECT min(id) FROM orders WHERE id >= ?)",
                write.any(size.orders()));
        return Optional.empty();
    }

    private Optional<Move> renumberItem(Write write) throws SQLException {
        int order = write.any(size.orders());
        write.run(
                """
                UPDATE order_items SET line = line + 100
                 WHERE order_id = ?
                   AND line = (SELECT min(line) FROM order_items WHERE order_id = ?)\
                """,
                order,
                order);
        return Optional.empty();
    }

    /// Leaves the image alone, which is then not in the WAL if it is a large one.
    private Optional<Move> changeProduct(Write write) throws SQLException {
        int number = 1 + (write.any(size.products()) - 1) / 20 * 20;
        write.run(
                "UPDATE products SET price = ?, changed_at = now() WHERE number IN (?, ?)",
                BigDecimal.valueOf(write.any(99_999), 2),
                number,
                number + 19);
        return Optional.empty();
    }

    private Optional<Move> changeImage(Write write) throws SQLException {
        byte[] image = new byte[write.random().nextBoolean() ? LARGE_IMAGE : 20];
        write.random().nextBytes(image);
        write.run(
                "UPDATE products SET image = ? WHERE number = ?",
                image,
                write.any(size.products()));
        return Optional.empty();
    }

    private Optional<Move> changeProductId(Write write) throws SQLException {
        write.run(
                "UPDATE products SET id = gen_random_uuid() WHERE number = ?",
                write.any(size.products()));
        return Optional.empty();
    }

    private Optional<Move> newCustomer(Write write) throws SQLException {
        write.run(
                "INSERT INTO customers (email, name) VALUES (?, ?)",
                "new-" + writer + "-" + write.number() + "@shop.example",
                "Neu\t'" + write.number() + "'\\");
        return Optional.empty();
    }

    private Optional<Move> changeProfile(Write write) throws SQLException {
        write.run(
                """
                UPDATE customers
                   SET status = 'active', tags = ARRAY[?, 'seen'],
                       profile = jsonb_set(profile, '{points}', to_jsonb(?::integer))
                 WHERE id = ?\
                """,
                "writer {" + writer + "}",
                write.number(),
                write.any(size.customers()));
        return Optional.empty();
    }

    private Optional<Move> newEvent(Write write) throws SQLException {
        write.run(
                """
                INSERT INTO events (happened_on, kind, customer_id, payload)
                VALUES (date '2025-01-01' + ?::integer, 'buy', ?, '{"live": true}')\
                """,
                write.any(720),
                write.any(size.customers()));
        return Optional.empty();
    }

    /// To another partition, more often than not.
    private Optional<Move> moveEvent(Write write) throws SQLException {
        write.run(
                "UPDATE events SET happened_on = date '2025-01-01' + ?::integer WHERE id = ?",
                write.any(800),
                write.any(size.events()));
        return Optional.empty();
    }

    private Optional<Move> audit(Write write) throws SQLException {
        for (int i = 0; i < 2; i++) {
            write.run(
                    "INSERT INTO audit_log (at, actor, action) VALUES (now(), ?, 'checked')",
                    "writer " + writer);
        }
        return Optional.empty();
    }

    /// Changes or deletes one row that may have equals.
    private Optional<Move> redactAudit(Write write) throws SQLException {
        String verb =
                write.random().nextBoolean()
                        ? "DELETE FROM audit_log"
                        : "UPDATE audit_log SET actor = 'redacted'";
        write.run(
                """
                %s WHERE ctid = (
                    SELECT ctid FROM audit_log
                     WHERE at >= timestamptz '2026-01-01 00:00+00' + ? * interval '1 second'
                     ORDER BY at LIMIT 1)\
                """
                        .formatted(verb),
                write.any(size.audit() / 2));
        return Optional.empty();
    }
}
