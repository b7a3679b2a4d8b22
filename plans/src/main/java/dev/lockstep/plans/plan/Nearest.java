package dev.lockstep.plans.plan;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/// Guesses which word was meant.
final class Nearest {
    private Nearest() {}

    /// The one of `words` that `word` is a slip of the pen away from: up to a third of its letters,
    /// not counting case, dashes, dots and underscores.
    static Optional<String> to(String word, Collection<String> words) {
        return words.stream()
                .filter(w -> distance(bare(word), bare(w)) <= Math.max(1, w.length() / 3))
                .min(Comparator.comparingInt(w -> distance(bare(word), bare(w))));
    }

    private static String bare(String word) {
        return word.toLowerCase(Locale.ROOT).replaceAll("[-._ ]", "");
    }

    /// How many letters must be put in, taken out, changed or swapped with the next one.
    private static int distance(String from, String to) {
        int[][] cost = new int[from.length() + 1][to.length() + 1];
        for (int i = 0; i <= from.length(); i++) {
            for (int j = 0; j <= to.length(); j++) {
                cost[i][j] = i == 0 || j == 0 ? i + j : step(cost, from, to, i, j);
            }
        }
        return cost[from.length()][to.length()];
    }

    private static int step(int[][] cost, String from, String to, int i, int j) {
        boolean same = from.charAt(i - 1) == to.charAt(j - 1);
        int least =
                Math.min(
                        cost[i - 1][j - 1] + (same ? 0 : 1),
                        1 + Math.min(cost[i - 1][j], cost[i][j - 1]));
        boolean swapped =
                i > 1
                        && j > 1
                        && from.charAt(i - 1) == to.charAt(j - 2)
                        && from.charAt(i - 2) == to.charAt(j - 1);
        return swapped ? Math.min(least, cost[i - 2][j - 2] + 1) : least;
    }
}
