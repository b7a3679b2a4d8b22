package dev.lockstep.orchestrator.demo;

import dev.lockstep.plans.fault.Check;

/// How many rows each table of the shop starts with.
public record ShopSize(
        long customers,
        long products,
        long orders,
        long items,
        long payments,
        long accounts,
        long ledger,
        long audit,
        long events) {
    /// What each account starts with.
    public static final long OPENING_BALANCE = 1_000;

    /// Fewer would leave some table empty.
    public static final long ROWS_MIN = 1_000;

    /// About `rows` in all, shared out as shops have them: most are orders and what hangs on them.
    public static ShopSize of(long rows) {
        Check.that(rows >= ROWS_MIN, "%d rows are too few for a shop", rows);
        long orders = rows / 5;
        return new ShopSize(
                rows / 20,
                rows / 50,
                orders,
                orders * 2,
                orders * 3 / 4,
                rows / 100,
                rows * 7 / 100,
                rows / 20,
                rows / 20);
    }

    /// The sum of all balances, whatever is moved.
    public long balances() {
        return accounts * OPENING_BALANCE;
    }

    public long total() {
        return customers + products + orders + items + payments + accounts + ledger + audit
                + events;
    }
}
