package dev.lockstep.testing.explore;

import dev.lockstep.plans.fault.Check;
import dev.lockstep.testing.explore.Outcome.Violation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Visits every state that a model can reach, nearest first. Ends at the first one in which an
/// invariant is broken; where there is none, looks for a state from which no way leads to a goal.
public final class Explorer<S> {
    /// The invariant that no state is a dead end.
    public static final String GOAL = "a goal can be reached";

    private final Model<S> model;
    private final int most;
    private final Map<S, Integer> numbers = new HashMap<>();
    private final List<S> states = new ArrayList<>();
    private final List<String> labels = new ArrayList<>();
    private int[] parents = new int[1024];
    private int[] edges = new int[4096];
    private int edgesUsed;

    private Explorer(Model<S> model, int most) {
        this.model = model;
        this.most = most;
    }

    /// Explores `model`; one with more than `most` states is a mistake in the model.
    public static <S> Outcome explore(Model<S> model, int most) {
        return new Explorer<>(model, most).run();
    }

    private Outcome run() {
        int unused = visit(model.start(), "start", -1);
        for (int at = unused; at < states.size(); at++) {
            S state = states.get(at);
            Optional<String> broken = model.broken(state);
            if (broken.isPresent()) {
                return outcome(Optional.of(new Violation(broken.get(), traceTo(at))));
            }
            int from = at;
            model.steps(state, (label, next) -> edge(from, visit(next, label, from)));
        }
        return outcome(deadEnd().map(end -> new Violation(GOAL, traceTo(end))));
    }

    private Outcome outcome(Optional<Violation> violation) {
        return new Outcome(states.size(), edgesUsed / 2, violation);
    }

    private int visit(S state, String label, int parent) {
        int number = states.size();
        Integer known = numbers.putIfAbsent(state, number);
        if (known != null) {
            return known;
        }
        Check.that(number < most, "more than %d states", most);
        states.add(state);
        labels.add(label);
        if (number == parents.length) {
            parents = Arrays.copyOf(parents, number * 2);
        }
        parents[number] = parent;
        return number;
    }

    private void edge(int from, int to) {
        if (edgesUsed == edges.length) {
            edges = Arrays.copyOf(edges, edgesUsed * 2);
        }
        edges[edgesUsed++] = from;
        edges[edgesUsed++] = to;
    }

    private List<String> traceTo(int state) {
        List<String> trace = new ArrayList<>();
        trace.add(states.get(state).toString());
        for (int at = state; at >= 0; at = parents[at]) {
            trace.add(labels.get(at));
        }
        Collections.reverse(trace);
        return trace;
    }

    /// The nearest state that cannot reach a goal: those that can are found backwards.
    private Optional<Integer> deadEnd() {
        int[] begins = new int[states.size() + 1];
        for (int i = 1; i < edgesUsed; i += 2) {
            begins[edges[i] + 1]++;
        }
        Arrays.parallelPrefix(begins, Integer::sum);
        int[] sources = new int[edgesUsed / 2];
        int[] filled = begins.clone();
        for (int i = 0; i < edgesUsed; i += 2) {
            sources[filled[edges[i + 1]]++] = edges[i];
        }
        BitSet reaching = new BitSet(states.size());
        int[] queue = new int[states.size()];
        int queued = 0;
        for (int i = 0; i < states.size(); i++) {
            if (model.isGoal(states.get(i))) {
                reaching.set(i);
                queue[queued++] = i;
            }
        }
        for (int at = 0; at < queued; at++) {
            for (int i = begins[queue[at]]; i < begins[queue[at] + 1]; i++) {
                if (!reaching.get(sources[i])) {
                    reaching.set(sources[i]);
                    queue[queued++] = sources[i];
                }
            }
        }
        int end = reaching.nextClearBit(0);
        return end < states.size() ? Optional.of(end) : Optional.empty();
    }
}
