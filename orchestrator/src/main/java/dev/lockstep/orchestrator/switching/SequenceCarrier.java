package dev.lockstep.orchestrator.switching;

import dev.lockstep.plans.catalog.Sequence;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/// Sets the standby's sequences beyond those of the active. `nextval` goes on while tables are
/// locked, so they are set some steps further than they were read, where there are so many left.
///
/// How they count is read there and then: an application may have altered them since the run began.
final class SequenceCarrier {
    private static final String NUMBERS = "seqincrement, seqmin, seqmax, seqcache, seqcycle";

    private static final String STATE =
            "SELECT %s AS n, last_value, is_called, "
                    + NUMBERS
                    + " FROM %s, pg_sequence"
                    + " WHERE seqrelid = %s::regclass";

    private final List<TableName> actives = new ArrayList<>();
    private final List<TableName> standbys = new ArrayList<>();

    /// @param sequences those of the active, with their names on the standby
    SequenceCarrier(Map<Sequence, TableName> sequences) {
        sequences.forEach((active, standby) -> {
            actives.add(active.name());
            standbys.add(standby);
        });
    }

    /// @param called whether `at` was given to somebody; it is the next one otherwise
    private record State(TableName name, long at, boolean called, SequenceNumbers numbers) {
        /// Some steps further.
        State further() {
            return new State(name, numbers.further(at), called, numbers);
        }
    }

    /// Takes effect at once, whatever becomes of the standby's transaction.
    void carry(Session active, Session standby) {
        if (actives.isEmpty()) {
            return;
        }
        List<State> from = read(active, actives);
        List<State> to = read(standby, standbys);
        List<String> values = new ArrayList<>();
        for (int i = 0; i < from.size(); i++) {
            State goal = from.get(i).further();
            requireFit(goal, to.get(i));
            values.add(
                    "(%s, %s::bigint, %s)"
                            .formatted(
                                    Ident.literal(standbys.get(i).sql()),
                                    goal.at(),
                                    goal.called()));
        }
        standby.rows(
                "SELECT setval(name::regclass, at, called) FROM (VALUES %s) AS v (name, at, called)"
                        .formatted(String.join(", ", values)),
                row -> row.textAt(1));
    }

    private static List<State> read(Session session, List<TableName> names) {
        StringBuilder sql = new StringBuilder();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i).sql();
            sql.append(i == 0 ? "" : " UNION ALL ")
                    .append(STATE.formatted(i, name, Ident.literal(name)));
        }
        Map<Integer, State> found =
                session
                        .rows(
                                sql.toString(),
                                row ->
                                        Map.entry(
                                                row.integer("n"),
                                                new State(
                                                        names.get(row.integer("n")),
                                                        row.number("last_value"),
                                                        row.flag("is_called"),
                                                        SequenceNumbers.of(row))))
                        .stream()
                        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        List<State> states = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            states.add(Objects.requireNonNull(found.get(i)));
        }
        return states;
    }

    /// Where they count otherwise, applications that take blocks of numbers would give some twice.
    private static void requireFit(State goal, State there) {
        SequenceNumbers wanted = goal.numbers();
        if (wanted.increment() != there.numbers().increment()) {
            throw unfit(
                    goal,
                    there,
                    "counts by %d".formatted(wanted.increment()),
                    "counts by %d".formatted(there.numbers().increment()),
                    "INCREMENT BY %d".formatted(wanted.increment()));
        }
        if (!there.numbers().covers(goal.at())) {
            throw unfit(
                    goal,
                    there,
                    "is to go on at %d".formatted(goal.at()),
                    "goes from %d to %d".formatted(there.numbers().min(), there.numbers().max()),
                    "MINVALUE %d MAXVALUE %d".formatted(wanted.min(), wanted.max()));
        }
    }

    private static LockstepException unfit(
            State goal, State there, String here, String other, String remedy) {
        return new LockstepException(
                Fault.SWITCH_FAILED,
                ("sequence \"%s\" of the active %s, and \"%s\" of the standby %s; ALTER SEQUENCE %s"
                                + " %s there, and try again")
                        .formatted(
                                goal.name(),
                                here,
                                there.name(),
                                other,
                                there.name().sql(),
                                remedy));
    }
}
