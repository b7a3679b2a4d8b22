package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.session.CopyPipe;
import dev.lockstep.cdc.session.KeyOperators;
import dev.lockstep.plans.catalog.TableFiles;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Check;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.Snapshot;
import dev.lockstep.plans.sql.SqlStates;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Copies rows again from a snapshot of the active, while the standby stands at just that position.
public final class Recopy {
    private static final int KEYS_MAX = 50;
    private static final String FORGET = "DELETE FROM lockstep.unfinished_row WHERE run = ?";

    private final Session standby;
    private final String run;
    private final Collection<Route> routes;

    /// Rows of a table that are to be as the active has them.
    ///
    /// @param table as the active calls it
    /// @param key the active's columns that name a row; empty where the whole table is meant
    /// @param rows their values in each row, as text, NULL as empty
    public record Wanted(TableName table, List<String> key, List<List<Optional<String>>> rows) {
        public Wanted {
            Check.that(key.isEmpty() == rows.isEmpty(), "%s: rows without a key", table);
        }
    }

    /// @param standby a session in replica role, in the transaction that is to hold it all
    public Recopy(Session standby, String run, Collection<Route> routes) {
        this.standby = standby;
        this.run = run;
        this.routes = routes;
    }

    /// Brings every unfinished row to `snapshot`'s state and says how many keys there were; the
    /// standby is exact then. Empty, and nothing is done for good, where a table was truncated
    /// since `files` were read, which was before the snapshot was made.
    public OptionalInt unfinishedRows(Snapshot snapshot, TableFiles files) {
        var rows = new UnfinishedRows(standby, run).all();
        List<Wanted> wanted = new ArrayList<>();
        for (Route route : routes) {
            Set<List<@Nullable String>> keys = rows.getOrDefault(route.standby().name(), Set.of());
            if (!keys.isEmpty()) {
                List<String> key = route.key().orElseThrow();
                wanted.add(new Wanted(route.active().name(), key, optional(keys)));
            }
        }
        OptionalInt copied = rows(wanted, snapshot, files);
        if (copied.isPresent()) {
            standby.update(FORGET, run);
        }
        return copied;
    }

    private static List<List<Optional<String>>> optional(Set<List<@Nullable String>> keys) {
        return keys.stream()
                .map(values -> values.stream().map(Optional::ofNullable).toList())
                .toList();
    }

    /// Brings rows to `snapshot`'s state and says how many were asked for, a whole table counting
    /// as none; empty as with [#unfinishedRows].
    public OptionalInt rows(List<Wanted> wanted, Snapshot snapshot, TableFiles files) {
        Map<TableName, Route> byName =
                routes.stream().collect(Collectors.toMap(r -> r.active().name(), r -> r));
        try (Session active = snapshot.open("recopy")) {
            for (Wanted rows : wanted) {
                if (!files.keep(active, rows.table())) {
                    return OptionalInt.empty();
                }
                copyUnseen(active, Objects.requireNonNull(byName.get(rows.table())), rows);
            }
        }
        return OptionalInt.of(wanted.stream().mapToInt(w -> w.rows().size()).sum());
    }

    /// As [#copy]; what fails is told without the keys that its statements hold.
    private void copyUnseen(Session active, Route route, Wanted wanted) {
        try {
            copy(active, route, wanted);
        } catch (LockstepException e) {
            throw SqlStates.withoutValues(
                    "rows of table \"%s\" could not be copied again".formatted(wanted.table()), e);
        }
    }

    /// All of them go before the first one comes: they may have taken unique values from each
    /// other.
    private void copy(Session active, Route route, Wanted wanted) {
        List<String> standbyKey = wanted.key().stream().map(route::standbyColumn).toList();
        KeyOperators operators = new KeyOperators(active, route.active().name());
        KeyOperators standbyOperators = new KeyOperators(standby, route.standby().name());
        List<List<List<Optional<String>>>> parts = parts(wanted.rows());
        for (var some : parts) {
            standby.run(
                    "DELETE FROM ONLY %s WHERE %s"
                            .formatted(
                                    route.standby().name().sql(),
                                    any(standbyOperators, standbyKey, some)));
        }
        String columns = Ident.list(route.carried());
        String standbyColumns =
                Ident.list(route.carried().stream().map(route::standbyColumn).toList());
        for (var some : parts) {
            String out =
                    "COPY (SELECT %s FROM ONLY %s WHERE %s) TO STDOUT"
                            .formatted(
                                    columns,
                                    route.active().name().sql(),
                                    any(operators, wanted.key(), some));
            String in =
                    "COPY %s (%s) FROM STDIN"
                            .formatted(route.standby().name().sql(), standbyColumns);
            new CopyPipe().run(active, out, standby, in, () -> {});
        }
    }

    /// A few rows at a time; one part without any stands for the whole table.
    private static List<List<List<Optional<String>>>> parts(List<List<Optional<String>>> rows) {
        List<List<List<Optional<String>>>> parts = new ArrayList<>();
        for (int from = 0; from < Math.max(1, rows.size()); from += KEYS_MAX) {
            parts.add(rows.subList(from, Math.min(rows.size(), from + KEYS_MAX)));
        }
        return parts;
    }

    private static String any(
            KeyOperators operators, List<String> columns, List<List<Optional<String>>> keys) {
        if (keys.isEmpty()) {
            return "true";
        }
        return keys.stream()
                .map(values ->
                        IntStream.range(0, columns.size())
                                .mapToObj(i -> equal(operators, columns.get(i), values.get(i)))
                                .collect(Collectors.joining(" AND ", "(", ")")))
                .collect(Collectors.joining(" OR "));
    }

    private static String equal(KeyOperators operators, String column, Optional<String> value) {
        String name = new Ident(column).toString();
        return value.map(known -> operators.equal(column, name, Ident.literal(known)))
                .orElse(name + " IS NULL");
    }
}
