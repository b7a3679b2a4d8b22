package dev.lockstep.validators.schema;

import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Row;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.TablePair;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Triggers that the standby lacks, has in another form, or has switched off, by their names, as
/// they fire in the order of these. All that it finds are notes.
///
/// Can miss: what a function of the same name does there; triggers that the standby alone has;
/// event triggers, rules and policies. Lockstep's own triggers are left out.
final class Triggers implements SchemaChecks.Check {
    private static final String READ =
            """
            SELECT n.nspname, c.relname, t.tgname,
                   replace(pg_get_triggerdef(t.oid),
                           format(' ON %%I.%%I ', n.nspname, c.relname), ' ') AS definition,
                   t.tgenabled::text AS enabled, t.tgparentid <> 0 AS inherited
              FROM %s
              JOIN pg_trigger t ON t.tgrelid = c.oid
              JOIN pg_proc f ON f.oid = t.tgfoid
              JOIN pg_namespace fn ON fn.oid = f.pronamespace
             WHERE NOT t.tgisinternal AND fn.nspname <> 'lockstep'
             ORDER BY 1, 2, 3\
            """
                    .formatted(Extent.TABLES);

    private record Trigger(String name, String definition, String enabled, boolean inherited) {
        static Trigger read(Row row) throws SQLException {
            return new Trigger(
                    row.text("tgname"),
                    row.maybeText("definition").orElse(""),
                    row.text("enabled"),
                    row.flag("inherited"));
        }

        String fires() {
            return switch (enabled) {
                case "D" -> "disabled";
                case "R" -> "enabled for replicated changes alone";
                case "A" -> "enabled always";
                default -> "enabled";
            };
        }
    }

    @Override
    public String name() {
        return "triggers";
    }

    @Override
    public List<Finding> check(SessionPair sessions, Extent extent) {
        Extent.Both<Trigger> both = extent.read(sessions, READ, Trigger::read);
        List<Finding> findings = new ArrayList<>();
        for (TablePair pair : extent.tables()) {
            Map<String, Trigger> there =
                    both.standby(pair).stream()
                            .collect(Collectors.toMap(Trigger::name, Function.identity()));
            for (Trigger trigger : both.active(pair)) {
                Trigger other = there.get(trigger.name());
                if (other == null && !trigger.inherited()) {
                    findings.add(
                            note(
                                    pair,
                                    "trigger \"%s\" is missing on the standby: %s"
                                            .formatted(trigger.name(), trigger.definition()),
                                    "create it there, or see to it that nobody counts on it"));
                } else if (other != null) {
                    compare(extent, pair, new Extent.Two<>(trigger, other), findings);
                }
            }
        }
        return findings;
    }

    private void compare(
            Extent extent, TablePair pair, Extent.Two<Trigger> two, List<Finding> findings) {
        Trigger active = two.active();
        Trigger standby = two.standby();
        String form = Expression.ofActive(active.definition(), pair, extent);
        if (!form.equals(Expression.ofStandby(standby.definition()))) {
            findings.add(
                    note(
                            pair,
                            "trigger \"%s\" is on the standby: %s; and on the active: %s"
                                    .formatted(
                                            active.name(),
                                            standby.definition(),
                                            active.definition()),
                            ""));
        }
        if (!active.enabled().equals(standby.enabled())) {
            findings.add(
                    note(
                            pair,
                            "trigger \"%s\" is %s on the active, and %s on the standby"
                                    .formatted(active.name(), active.fires(), standby.fires()),
                            "ALTER TABLE %s ENABLE or DISABLE TRIGGER %s"
                                    .formatted(
                                            pair.standby().name().sql(),
                                            new Ident(active.name()))));
        }
    }

    private Finding note(TablePair pair, String found, String remedy) {
        return Finding.note(name(), pair.active().name(), found, remedy);
    }
}
