package dev.lockstep.validators;

import dev.lockstep.plans.catalog.TableName;
import java.math.BigDecimal;

/// What a table came to on both sides, over all of its chunks.
///
/// @param table as the active database calls it
public record TableTotals(TableName table, Sums active, Sums standby) {
    /// One side's rows, and the sums of their hashes: zero where only rows were counted.
    public record Sums(long rows, BigDecimal sum, BigDecimal mixed) {
        /// Of a table of which only rows were counted.
        public static Sums counted(long rows) {
            return new Sums(rows, BigDecimal.ZERO, BigDecimal.ZERO);
        }

        Sums plus(Sums more) {
            return new Sums(rows + more.rows, sum.add(more.sum), mixed.add(more.mixed));
        }

        /// Both sums; the same text on both sides where the rows are the same.
        public String hashes() {
            return sum.toPlainString() + ":" + mixed.toPlainString();
        }
    }

    TableTotals plus(TableTotals more) {
        return new TableTotals(table, active.plus(more.active), standby.plus(more.standby));
    }
}
