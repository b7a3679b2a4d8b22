package dev.lockstep.validators;

import java.util.List;

/// Two sides that hold still, as snapshots or by themselves: the tables to compare, and sessions, a
/// pair for each worker. They are whoever opened them's to close.
public record Sides(List<TablePair> tables, List<SessionPair> pairs) {
    public Sides {
        tables = List.copyOf(tables);
        pairs = List.copyOf(pairs);
    }
}
