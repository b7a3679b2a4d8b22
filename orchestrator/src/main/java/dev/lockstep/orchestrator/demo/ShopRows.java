package dev.lockstep.orchestrator.demo;

import java.util.ArrayList;
import java.util.List;

/// The statement that makes up rows of one table: its parameters are `sizes`, then the first and
/// the last row number.
record ShopRows(String table, long rows, String sql, List<Long> sizes) {
    /// Rows per statement, so that progress is seen and no transaction is long.
    static final long STEP_MAX = 25_000;

    private static final String CUSTOMERS =
            """
            INSERT INTO customers (email, name, status, profile, tags, birthday, created_at)
            SELECT 'customer' || g || '@shop.example',
                   (ARRAY['Ada O''Hara', 'Žofie Nováková', '李小龙', E'Back\\\\slash',
                          E'Tab\\tand\\nline',
                          '"quoted" {braces}, and more', 'Zoë 🎈'])[1 + g % 7] || ' ' || g,
                   (enum_range(NULL::customer_status))[1 + g % 4],
                   jsonb_build_object('points', g % 1000, 'rate', g / 7.0,
                           'address', jsonb_build_object('zip', lpad((g % 99999)::text, 5, '0'))),
                   CASE g % 3 WHEN 0 THEN '{}' WHEN 1 THEN ARRAY['vip', 'a,b "c"']
                              ELSE ARRAY[NULL, '', 'NULL'] END,
                   CASE WHEN g % 5 > 0 THEN date '1950-01-01' + (g * 37 % 20000)::int END,
                   timestamptz '2024-01-01 00:00+00' + g * interval '37.123456 seconds'
              FROM generate_series(?::bigint, ?::bigint) AS g\
            """;

    private static final String PRODUCTS =
            """
            INSERT INTO products (id, number, name, price, weight, image)
            SELECT md5('product ' || g)::uuid, g, 'Product ' || g, (g % 50000) / 100.0, sqrt(g),
                   CASE WHEN g % 20 = 0 THEN (
                            SELECT string_agg(sha512(convert_to(g || ' ' || i, 'UTF8')), ''
                                              ORDER BY i)
                              FROM generate_series(1, 192) AS i)
                        WHEN g % 20 < 5 THEN convert_to('thumbnail ' || g, 'UTF8') END
              FROM generate_series(?::bigint, ?::bigint) AS g\
            """;

    private static final String ORDERS =
            """
            INSERT INTO orders (customer_id, status, note, placed_at, shipped_in)
            SELECT 1 + g * 7919 % ?, (enum_range(NULL::order_status))[1 + g % 5],
                   CASE g % 4 WHEN 0 THEN '' WHEN 1 THEN 'leave at the door, order ' || g END,
                   timestamptz '2025-01-01 00:00+00' + g * interval '17.654321 seconds',
                   CASE WHEN g % 3 > 0 THEN make_interval(days => (g % 9)::int, mins => 7) END
              FROM generate_series(?::bigint, ?::bigint) AS g\
            """;

    private static final String ITEMS =
            """
            INSERT INTO order_items (order_id, line, product_id, quantity, price)
            SELECT (g + 1) / 2, 1 + (g - 1) % 2, md5('product ' || 1 + g * 31 % ?)::uuid,
                   1 + g % 5, (g % 50000) / 100.0
              FROM generate_series(?::bigint, ?::bigint) AS g\
            """;

    private static final String PAYMENTS =
            """
            INSERT INTO payments (order_id, amount, method, paid, paid_at)
            SELECT g, (g % 100000) / 100.0, (ARRAY['card', 'transfer', 'cash'])[1 + g % 3],
                   g % 8 > 0,
                   CASE WHEN g % 8 > 0
                        THEN timestamp '2025-01-02 00:00' + g * interval '17.000001 seconds' END
              FROM generate_series(?::bigint, ?::bigint) AS g\
            """;

    /// Each account's opening balance first, then moves between accounts.
    private static final String LEDGER =
            """
            INSERT INTO ledger (writer, number, work, debit, credit, amount)
            SELECT 0, g, CASE WHEN g <= s.accounts THEN 'opening' ELSE 'transfer' END,
                   CASE WHEN g > s.accounts THEN 1 + g * 13 % s.accounts END,
                   CASE WHEN g > s.accounts THEN 1 + (g * 17 + 5) % s.accounts ELSE g END,
                   CASE WHEN g > s.accounts THEN round((g % 500) / 100.0, 2) ELSE s.opening END
              FROM (SELECT ?::bigint AS accounts, ?::bigint AS opening) AS s,
                   generate_series(?::bigint, ?::bigint) AS g\
            """;

    private static final String ACCOUNTS =
            """
            INSERT INTO accounts (id, balance)
            SELECT account, sum(amount)
              FROM (SELECT credit AS account, amount FROM ledger
                    UNION ALL
                    SELECT debit, -amount FROM ledger WHERE debit IS NOT NULL) AS moves
             WHERE account BETWEEN ? AND ?
             GROUP BY account ORDER BY account\
            """;

    /// Every row twice: without a key, equal rows are two rows all the same.
    private static final String AUDIT =
            """
            INSERT INTO audit_log (at, actor, action, details)
            SELECT timestamptz '2026-01-01 00:00+00' + h * interval '1 second',
                   CASE WHEN h % 10 > 0 THEN 'clerk ' || h % 50 END,
                   (ARRAY['login', 'price changed', 'order seen'])[1 + h % 3],
                   CASE WHEN h % 2 > 0 THEN jsonb_build_object('session', h, 'ok', h % 7 > 0) END
              FROM generate_series(?::bigint, ?::bigint) AS g,
                   LATERAL (SELECT g / 2 AS h) AS halves\
            """;

    private static final String EVENTS =
            """
            INSERT INTO events (happened_on, kind, customer_id, payload)
            SELECT date '2024-11-01' + (g % 800)::int, (ARRAY['view', 'click', 'buy'])[1 + g % 3],
                   1 + g % ?, jsonb_build_object('page', '/p/' || g, 'ms', g % 3000)
              FROM generate_series(?::bigint, ?::bigint) AS g\
            """;

    /// Every table, in the order in which they are filled.
    static List<ShopRows> all(ShopSize size) {
        return List.of(
                new ShopRows("customers", size.customers(), CUSTOMERS, List.of()),
                new ShopRows("products", size.products(), PRODUCTS, List.of()),
                new ShopRows("orders", size.orders(), ORDERS, List.of(size.customers())),
                new ShopRows("order_items", size.items(), ITEMS, List.of(size.products())),
                new ShopRows("payments", size.payments(), PAYMENTS, List.of()),
                new ShopRows(
                        "ledger",
                        size.ledger(),
                        LEDGER,
                        List.of(size.accounts(), ShopSize.OPENING_BALANCE)),
                new ShopRows("accounts", size.accounts(), ACCOUNTS, List.of()),
                new ShopRows("audit_log", size.audit(), AUDIT, List.of()),
                new ShopRows("events", size.events(), EVENTS, List.of(size.customers())));
    }

    Object[] parameters(long from, long until) {
        List<Object> parameters = new ArrayList<>(sizes);
        parameters.add(from);
        parameters.add(until);
        return parameters.toArray();
    }
}
