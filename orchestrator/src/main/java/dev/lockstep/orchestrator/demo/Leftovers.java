package dev.lockstep.orchestrator.demo;

import dev.lockstep.orchestrator.demo.Proof.Check;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.util.ArrayList;
import java.util.List;

/// Whether a run that is over left anything in the catalogs.
final class Leftovers {
    private static final String COUNT =
            """
            SELECT (SELECT count(*) FROM pg_replication_slots)
                 + (SELECT count(*) FROM pg_publication)
                 + (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'lockstep%')\
            """;

    private Leftovers() {}

    static List<Check> check(Db source, Db target) {
        List<Check> checks = new ArrayList<>();
        try (Session from = source.session("leftovers");
                Session to = target.session("leftovers")) {
            checks.add(
                    Check.equal(
                            "slots, publications, triggers left on the source",
                            from.number(COUNT),
                            0));
            checks.add(
                    Check.equal(
                            "slots, publications, triggers left on the target",
                            to.number(COUNT),
                            0));
        }
        return checks;
    }
}
