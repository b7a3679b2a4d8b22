package dev.lockstep.orchestrator.report;

import dev.lockstep.orchestrator.Version;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.gate.GateSpec;
import dev.lockstep.plans.plan.Plan;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// What every report begins with: of what it is, and by whose wish.
///
/// @param planHash SHA-256 of the plan file as it is written
record Head(
        String report,
        String run,
        String askedBy,
        String lockstep,
        String planHash,
        Database source,
        Database target,
        Map<String, String> settings) {
    private static final String UNKNOWN = "not known";

    /// @param user who connected
    /// @param server its version
    record Database(String label, String user, String server) {
        private static Database of(Run run, Side side) {
            return new Database(
                    run.db(side).label(),
                    run.db(side).endpoint().user(),
                    ask(run, side, "SHOW server_version"));
        }
    }

    static Head of(Run run, String report, String askedBy) {
        return new Head(
                report,
                run.name(),
                askedBy,
                Version.TEXT,
                run.plan().reports().planHash(),
                Database.of(run, Side.SOURCE),
                Database.of(run, Side.TARGET),
                settings(run.plan()));
    }

    /// What one of the databases answers, if it does.
    static String ask(Run run, Side side, String sql) {
        return Reports.unlessFails(UNKNOWN, () -> run.db(side).call(session -> session.one(sql)));
    }

    /// What a verification and a switch go by, as the plan spells it.
    private static Map<String, String> settings(Plan plan) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("tables.include", String.join(", ", plan.scope().include()));
        settings.put("tables.exclude", String.join(", ", plan.scope().exclude()));
        settings.put("schema.copy", lower(plan.schema().copy()));
        settings.put("verify.method", lower(plan.verify().method()));
        settings.put("verify.max-age", plan.verify().maxAge().toMillis() + "ms");
        settings.put("verify.mask", String.join(", ", plan.verify().mask().globs()));
        int share = plan.verify().continuousPercent();
        settings.put("verify.continuous", share == 0 ? "off" : share + "%");
        settings.put("cutover.gate", gate(plan.cutover().gate()));
        settings.put("cutover.max-lag", plan.cutover().maxLag().toMillis() + "ms");
        settings.put("cutover.max-pause", plan.cutover().maxPause().toMillis() + "ms");
        settings.put(
                "cutover.terminate-blockers",
                plan.cutover().terminateBlockers().map(t -> t.toMillis() + "ms").orElse("never"));
        return settings;
    }

    private static String gate(GateSpec gate) {
        return switch (gate) {
            case GateSpec.None _ -> "none";
            case GateSpec.PgBouncers _ -> "pgbouncer";
            case GateSpec.Hooks _ -> "hooks";
        };
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
