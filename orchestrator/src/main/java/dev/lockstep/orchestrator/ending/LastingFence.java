package dev.lockstep.orchestrator.ending;

import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Fences;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.orchestrator.switching.LockRetry;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.catalog.TableTrigger;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Triggers that go on refusing writes to the old database when the run is over, where the plan
/// wants that. All of it hangs on one schema, so that one statement takes it away.
public final class LastingFence {
    private static final String FUNCTION =
            """
            CREATE SCHEMA IF NOT EXISTS %1$s;
            CREATE OR REPLACE FUNCTION %1$s.refuse_write() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION USING
                    ERRCODE = '25006',
                    MESSAGE = format('table "%%s.%%s" accepts no writes in this database any more: '
                                     'run "%%s" is completed and writes go to %%s',
                                     TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[1]),
                    HINT = 'Connect to that database. To have this one take writes: %2$s';
            END
            $$;
            """;

    private static final String TRIGGER =
            """
            CREATE TRIGGER %1$s BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %2$s
               FOR EACH STATEMENT EXECUTE FUNCTION %3$s.refuse_write(%4$s, %5$s)\
            """;

    private final Run run;
    private final String name;

    public LastingFence(Run run) {
        this.run = run;
        this.name = Fences.name(run.name());
    }

    /// Whether the plan wants it.
    public boolean isWanted() {
        return run.plan().complete().oldSide() == Plan.Complete.OldSide.FENCED;
    }

    /// The statement that takes it away.
    public String removal() {
        return Fences.removal(name);
    }

    /// Raises it, while the run's own triggers still refuse.
    public void raiseIfWanted(Moved moved) {
        if (isWanted()) {
            run.requireLease();
            raise(moved.tables(Side.SOURCE));
        }
    }

    private void raise(List<TableName> tables) {
        run.source().tx(session -> session.run(FUNCTION.formatted(new Ident(name), removal())));
        Set<TableName> fenced = new HashSet<>(run.source().call(this::fenced));
        for (TableName table : tables) {
            if (!fenced.contains(table)) {
                LockRetry.run(run.source(), session -> session.run(trigger(table)));
            }
        }
    }

    private String trigger(TableName table) {
        return TRIGGER.formatted(
                new Ident(name),
                table.sql(),
                new Ident(name),
                Ident.literal(run.name()),
                Ident.literal(run.target().label()));
    }

    private List<TableName> fenced(Session session) {
        return TableTrigger.named(session, name).stream().map(TableTrigger::table).toList();
    }
}
