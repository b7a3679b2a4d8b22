package dev.lockstep.orchestrator.demo;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/// What the databases said to each write, kept outside of them: a write is a writer, counted from
/// 1, and a number, and takes one bit. May be shared.
public final class WriteRecord {
    private static final int MESSAGES_MAX = 10;

    private final List<BitSet> acknowledged = new ArrayList<>();
    private final List<BitSet> unknown = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();
    private long refused;
    private long retried;
    private long failed;

    WriteRecord(int writers) {
        for (int i = 0; i < writers; i++) {
            acknowledged.add(new BitSet());
            unknown.add(new BitSet());
        }
    }

    /// How writes ended.
    ///
    /// @param refused attempts that met a fence and were made again elsewhere
    /// @param retried attempts that were made again for another reason
    /// @param unknown writes whose connection broke while they were committed
    /// @param failed writes that were given up
    public record Totals(
            long acknowledged, long refused, long retried, long unknown, long failed) {}

    synchronized void acknowledged(int writer, int number) {
        acknowledged.get(writer - 1).set(number);
    }

    synchronized void unknown(int writer, int number) {
        unknown.get(writer - 1).set(number);
    }

    synchronized void refused() {
        refused++;
    }

    synchronized void retried() {
        retried++;
    }

    synchronized void failed(String message) {
        failed++;
        if (failures.size() < MESSAGES_MAX) {
            failures.add(message);
        }
    }

    public int writers() {
        return acknowledged.size();
    }

    /// The numbers of a writer that the database has acknowledged.
    public synchronized BitSet acknowledgedOf(int writer) {
        return (BitSet) acknowledged.get(writer - 1).clone();
    }

    /// The numbers of a writer that may or may not be there.
    public synchronized BitSet unknownOf(int writer) {
        return (BitSet) unknown.get(writer - 1).clone();
    }

    /// Why writes failed: the first few.
    public synchronized List<String> failures() {
        return List.copyOf(failures);
    }

    public synchronized Totals totals() {
        return new Totals(sum(acknowledged), refused, retried, sum(unknown), failed);
    }

    private static long sum(List<BitSet> sets) {
        return sets.stream().mapToLong(BitSet::cardinality).sum();
    }
}
