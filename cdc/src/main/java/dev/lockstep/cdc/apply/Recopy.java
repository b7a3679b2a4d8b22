package dev.lockstep.cdc.apply;

import dev.lockstep.cdc.session.CopyPipe;
import dev.lockstep.cdc.session.KeyOperators;
import dev.lockstep.plans.catalog.TableFiles;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.plans.sql.Snapshot;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Copies single rows again from a snapshot of the active, while the standby stands at just that
/// position. Afterwards nothing is unfinished and the standby is exact.
public final class Recopy {
    private static final int KEYS_MAX = 50;
    private static final String FORGET = "DELETE FROM lockstep.unfinished_row WHERE run = ?";

    private final Session standby;
    private final String run;
    private final Map<TableName, Route> routes;

    /// @param standby a session in replica role, in the transaction that is to hold it all
    public Recopy(Session standby, String run, Collection<Route> routes) {
        this.standby = standby;
        this.run = run;
        this.routes = routes.stream().collect(Collectors.toMap(r -> r.standby().name(), r -> r));
    }

    /// Brings every unfinished row to `snapshot`'s state and says how many keys there were; empty,
    /// and nothing is done for good, where a table was truncated since `files` were read, which was
    /// before the snapshot was made.
    public OptionalInt unfinishedRows(Snapshot snapshot, TableFiles files) {
        Map<TableName, Set<List<@Nullable String>>> rows = new UnfinishedRows(standby, run).all();
        int keys = 0;
        try (Session active = snapshot.open("recopy")) {
            for (var table : rows.entrySet()) {
                Route route = routes.get(table.getKey());
                if (route != null) {
                    if (!files.keep(active, route.active().name())) {
                        return OptionalInt.empty();
                    }
                    copy(active, route, new ArrayList<>(table.getValue()));
                    keys += table.getValue().size();
                }
            }
        }
        standby.update(FORGET, run);
        return OptionalInt.of(keys);
    }

    private void copy(Session active, Route route, List<List<@Nullable String>> keys) {
        List<String> key = route.key().orElseThrow();
        List<String> standbyKey = key.stream().map(route::standbyColumn).toList();
        String columns = Ident.list(route.carried());
        String standbyColumns =
                Ident.list(route.carried().stream().map(route::standbyColumn).toList());
        KeyOperators operators = new KeyOperators(active, route.active().name());
        KeyOperators standbyOperators = new KeyOperators(standby, route.standby().name());
        for (int from = 0; from < keys.size(); from += KEYS_MAX) {
            var some = keys.subList(from, Math.min(keys.size(), from + KEYS_MAX));
            standby.run(
                    "DELETE FROM ONLY %s WHERE %s"
                            .formatted(
                                    route.standby().name().sql(),
                                    any(standbyOperators, standbyKey, some)));
            String out =
                    "COPY (SELECT %s FROM ONLY %s WHERE %s) TO STDOUT"
                            .formatted(
                                    columns,
                                    route.active().name().sql(),
                                    any(operators, key, some));
            String in =
                    "COPY %s (%s) FROM STDIN"
                            .formatted(route.standby().name().sql(), standbyColumns);
            new CopyPipe().run(active, out, standby, in, () -> {});
        }
    }

    private static String any(
            KeyOperators operators, List<String> columns, List<List<@Nullable String>> keys) {
        return keys.stream()
                .map(values ->
                        IntStream.range(0, columns.size())
                                .mapToObj(i -> equal(operators, columns.get(i), values.get(i)))
                                .collect(Collectors.joining(" AND ", "(", ")")))
                .collect(Collectors.joining(" OR "));
    }

    private static String equal(KeyOperators operators, String column, @Nullable String value) {
        String name = new Ident(column).toString();
        return value == null
                ? name + " IS NULL"
                : operators.equal(column, name, Ident.literal(value));
    }
}
