package dev.lockstep.cdc.capture;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Finds out which columns of a table as it is now the columns of an older state of it are, that
/// are known by their names then only. Numbers never change, are never given twice, and grow; the
/// server tells columns in their order. So what lies between two columns of the same name on both
/// sides can be told, in most cases, even where it got other names or went since. Pure.
final class ColumnNumbers {
    private final List<String> told;
    private final List<Present> present;
    private final List<Integer> numbers = new ArrayList<>();

    /// A column that writers give, or gave; a dropped one has lost its name.
    record Present(int number, String name, boolean dropped) {}

    private ColumnNumbers(List<String> told, List<Present> present) {
        this.told = told;
        this.present = present;
    }

    /// The numbers of `told`, 0 for what was dropped since; empty where it cannot be known.
    ///
    /// @param present in the order of their numbers
    static Optional<List<Integer>> of(List<String> told, List<Present> present) {
        ColumnNumbers search = new ColumnNumbers(told, present);
        return search.byName() ? Optional.of(search.numbers) : search.byPlace();
    }

    /// Nothing was ever dropped, so the first columns are still the first ones.
    private Optional<List<Integer>> byPlace() {
        boolean renamed = told.stream().anyMatch(name -> indexOf(name, 0) < 0) || isShuffled();
        if (!renamed
                || told.size() > present.size()
                || present.stream().anyMatch(Present::dropped)) {
            return Optional.empty();
        }
        return Optional.of(present.stream().limit(told.size()).map(Present::number).toList());
    }

    private boolean isShuffled() {
        int last = -1;
        for (String name : told) {
            int at = indexOf(name, 0);
            if (at < last) {
                return true;
            }
            last = Math.max(last, at);
        }
        return false;
    }

    /// Goes from one column of the same name to the next.
    private boolean byName() {
        int toldFrom = 0;
        int presentFrom = 0;
        for (int i = 0; i < told.size(); i++) {
            int at = indexOf(told.get(i), presentFrom);
            if (at >= 0) {
                if (!between(toldFrom, i, presentFrom, at, false)) {
                    return false;
                }
                numbers.add(present.get(at).number());
                toldFrom = i + 1;
                presentFrom = at + 1;
            }
        }
        return between(toldFrom, told.size(), presentFrom, present.size(), true);
    }

    /// Columns of other names: as many as there are living ones got new names; where none lives
    /// they were dropped. Only after the last place there may be new ones.
    private boolean between(int from, int to, int presentFrom, int presentTo, boolean last) {
        int wanted = to - from;
        List<Present> here = present.subList(presentFrom, presentTo);
        List<Integer> living =
                here.stream().filter(c -> !c.dropped()).map(Present::number).toList();
        boolean dropped = living.size() < here.size();
        if (wanted == living.size() || (last && !dropped && wanted <= living.size())) {
            numbers.addAll(living.subList(0, wanted));
            return !(last && dropped && wanted > 0);
        }
        for (int i = from; i < to; i++) {
            numbers.add(0);
        }
        return wanted == 0 ? last : living.isEmpty() && wanted <= here.size();
    }

    private int indexOf(String name, int from) {
        for (int i = from; i < present.size(); i++) {
            if (!present.get(i).dropped() && present.get(i).name().equals(name)) {
                return i;
            }
        }
        return -1;
    }
}
