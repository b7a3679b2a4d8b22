package dev.lockstep.orchestrator.report;

import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.verify.Verification;
import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.validators.Difference;
import dev.lockstep.validators.TableTotals;
import dev.lockstep.validators.schema.Finding;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// What a verification compared, and what came of it.
///
/// @param verdict of the rows: `match` or `mismatch`
/// @param fitForSwitch whether nothing that was found forbids one
/// @param cut the active's WAL position that was compared
/// @param findings what was found besides rows
public record VerificationReport(
        String verdict,
        boolean fitForSwitch,
        String active,
        String cut,
        String startedAt,
        String finishedAt,
        long tookMillis,
        long applierHeldMillis,
        long tables,
        long rows,
        long differences,
        Head about,
        List<Table> compared,
        List<String> firstDifferences,
        List<Finding> findings) {
    private static final int SHOWN_MAX = 20;

    /// What one table came to.
    ///
    /// @param hashes sums over the hashes of all rows; empty where only rows were counted
    record Table(
            String table,
            String standby,
            long rows,
            long standbyRows,
            String hashes,
            String standbyHashes,
            long differing) {}

    /// Why and when it was made.
    ///
    /// @param asked what for and by whom
    /// @param active who accepted writes
    public record Occasion(String asked, Side active, Instant start) {}

    /// Writes it.
    public static void write(Run run, Occasion occasion, Verification.Result result) {
        Reports.write(run, "verification", () -> of(run, occasion, result));
    }

    private static VerificationReport of(Run run, Occasion occasion, Verification.Result result) {
        Verified verified = result.verified();
        Side active = occasion.active();
        Instant end = run.clock().instant();
        return new VerificationReport(
                verified.verdict(),
                verified.letsWritesMove(),
                active.label(),
                verified.cut(),
                occasion.start().toString(),
                end.toString(),
                Duration.between(occasion.start(), end).toMillis(),
                verified.heldMillis(),
                verified.tables(),
                verified.rows(),
                verified.differences(),
                Head.of(run, "verification", occasion.asked()),
                result.totals().stream()
                        .map(totals -> table(totals, run.plan(), active, result))
                        .toList(),
                result.named().stream().limit(SHOWN_MAX).map(Difference::text).toList(),
                result.findings());
    }

    private static Table table(
            TableTotals totals, Plan plan, Side active, Verification.Result result) {
        Mapping mapping = active == Side.SOURCE ? plan.mapping() : plan.mapping().inverse();
        boolean hashed = plan.verify().method() == Plan.Verify.Method.CHECKSUM;
        TableName table = totals.table();
        return new Table(
                table.toString(),
                mapping.table(table).toString(),
                totals.active().rows(),
                totals.standby().rows(),
                hashed ? totals.active().hashes() : "",
                hashed ? totals.standby().hashes() : "",
                result.byTable().getOrDefault(table, 0L));
    }
}
