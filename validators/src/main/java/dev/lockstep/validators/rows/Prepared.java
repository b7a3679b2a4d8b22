package dev.lockstep.validators.rows;

import dev.lockstep.plans.catalog.Mask;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.TablePair;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Tables that are ready to be compared, so that little is left to be asked when it is urgent. It
/// counts for as long as they have the same columns and keys.
public final class Prepared {
    private final RowHash hash;
    private final Mask mask;
    private final Map<TableName, PairedTable> ready;

    private Prepared(RowHash hash, Mask mask, List<PairedTable> ready) {
        this.hash = hash;
        this.mask = mask;
        this.ready =
                ready.stream().collect(Collectors.toMap(PairedTable::name, Function.identity()));
    }

    /// Makes `pairs` ready, or throws with everything that does not fit together.
    ///
    /// @param mask columns whose values are not shown
    public static Prepared of(List<TablePair> pairs, SessionPair sessions, Mask mask) {
        RowHash hash = RowHash.commonTo(sessions);
        return new Prepared(hash, mask, Pairing.all(pairs, sessions, hash, mask));
    }

    /// Those of `pairs`; what is not ready yet is made so.
    List<PairedTable> tables(List<TablePair> pairs, SessionPair sessions) {
        List<TablePair> rest =
                pairs.stream().filter(pair -> !ready.containsKey(pair.active().name())).toList();
        Stream<PairedTable> known =
                pairs.stream()
                        .map(pair -> ready.get(pair.active().name()))
                        .flatMap(Stream::ofNullable);
        return Stream.concat(known, Pairing.all(rest, sessions, hash, mask).stream()).toList();
    }
}
