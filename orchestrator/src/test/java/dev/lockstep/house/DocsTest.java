package dev.lockstep.house;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// What the documents promise: links that lead somewhere, invariants that a test holds.
class DocsTest {
    private static final Pattern FENCED = Pattern.compile("(?ms)^ *```.*?^ *```");
    private static final Pattern LINK = Pattern.compile("\\[[^\\]]*]\\(([^)\\s]+)[^)]*\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.+?)$");
    private static final Pattern INVARIANTS =
            Pattern.compile("(?msi)^(#+) [^\\n]*invariants.*?$(.*?)(?=^#+ |\\z)");
    private static final Pattern ITEM = Pattern.compile("(?ms)^\\d+\\. (.*?)(?=^\\d+\\. |^$|\\z)");
    private static final Pattern HELD_BY = Pattern.compile("(?si)held by\\s+(.*)");

    /// A line of a table whose last cell says what holds it.
    private static final Pattern PROMISE = Pattern.compile("^\\|.*\\| `\\w+`[^|]*\\|$");

    private static final Pattern TEST = Pattern.compile("`(\\w+Test)\\b[^`]*`");

    @Test
    void linksLeadSomewhere() {
        List<String> dead = new ArrayList<>();
        for (Path file : House.files(".md")) {
            LINK.matcher(prose(file))
                    .results()
                    .map(link -> link.group(1))
                    .filter(link -> !link.matches("(?i)(https?|mailto):.*"))
                    .filter(link -> !isAlive(file, link))
                    .forEach(link -> dead.add(House.name(file) + ": " + link));
        }
        assertThat(dead).as("dead links").isEmpty();
    }

    @Test
    void everyInvariantIsHeldByATestThatExists() {
        Path architecture = House.ROOT.resolve("ARCHITECTURE.md");
        assumeThat(architecture).exists();
        List<String> invariants =
                INVARIANTS
                        .matcher(House.text(architecture))
                        .results()
                        .flatMap(part -> ITEM.matcher(part.group(2)).results())
                        .map(item -> item.group(1))
                        .toList();
        assertThat(invariants).as("numbered items under \"Invariants\"").isNotEmpty();
        Set<String> tests = tests();
        for (String invariant : invariants) {
            assertThat(testsOf(invariant))
                    .as("\"held by `SomeTest`\" in: " + invariant)
                    .isNotEmpty()
                    .isSubsetOf(tests);
        }
    }

    @Test
    void everyDecisionIsListed() {
        String list = House.text(House.ROOT.resolve("docs/README.md"));
        assertThat(House.files(".md").stream().map(House::name))
                .filteredOn(name -> name.startsWith("docs/decisions/"))
                .isNotEmpty()
                .allSatisfy(name ->
                        assertThat(list).contains("(" + name.substring("docs/".length()) + ")"));
    }

    @Test
    void everyPromiseIsHeldByATestThatExists() {
        List<String> promises =
                House.text(House.ROOT.resolve("docs/guarantees.md"))
                        .lines()
                        .filter(line -> PROMISE.matcher(line).find())
                        .toList();
        assertThat(promises).hasSizeGreaterThan(20);
        for (String promise : promises) {
            assertThat(TEST.matcher(promise).results().map(test -> test.group(1)))
                    .as(promise)
                    .isNotEmpty()
                    .isSubsetOf(tests());
        }
    }

    private static Set<String> tests() {
        return House.files("Test.java").stream()
                .map(test -> test.toFile().getName().replace(".java", ""))
                .collect(Collectors.toSet());
    }

    private static List<String> testsOf(String invariant) {
        return HELD_BY.matcher(invariant)
                .results()
                .flatMap(held -> TEST.matcher(held.group(1)).results())
                .map(test -> test.group(1))
                .toList();
    }

    private static boolean isAlive(Path file, String link) {
        int hash = link.indexOf('#');
        String path = hash < 0 ? link : link.substring(0, hash);
        Path goal = path.isEmpty() ? file : file.resolveSibling(path);
        if (hash < 0 || !goal.toString().endsWith(".md")) {
            return Files.exists(goal);
        }
        return Files.exists(goal) && anchors(goal).contains(link.substring(hash + 1));
    }

    /// Headings as code hosts turn them into anchors.
    private static Set<String> anchors(Path file) {
        return HEADING.matcher(prose(file))
                .results()
                .map(DocsTest::anchor)
                .collect(Collectors.toSet());
    }

    private static String anchor(MatchResult heading) {
        return heading.group(1)
                .strip()
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N} _-]", "")
                .replace(' ', '-');
    }

    private static String prose(Path file) {
        return FENCED.matcher(House.text(file)).replaceAll("");
    }
}
