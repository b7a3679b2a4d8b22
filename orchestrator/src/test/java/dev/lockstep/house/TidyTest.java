package dev.lockstep.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The style of the sources, as far as a machine can see it. CONTRIBUTING.md has the same in words.
class TidyTest {
    private static final int FILE_LINES = 300;
    private static final int LINE_COLUMNS = 100;
    private static final int PACKAGE_TYPES = 15;
    private static final List<String> TEXT =
            List.of(".java", ".md", ".sql", ".xml", ".yaml", "lockstep", ".ci/run", "Dockerfile");

    /// Spelt so that this file does not find itself.
    private static final Pattern LATER = Pattern.compile("\\b(TO" + "DO|FIX" + "ME)\\b");

    private static final List<Path> JAVA = House.files(".java");
    private static final List<Inspection> INSPECTIONS = new ArrayList<>();

    @BeforeAll
    static void inspect() {
        SyntaxTrees sources = SyntaxTrees.of(JAVA);
        assertThat(sources.units()).hasSameSizeAs(JAVA);
        sources.units().forEach(unit -> INSPECTIONS.add(new Inspection(sources, unit)));
    }

    @Test
    void filesAreShort() {
        assertNone(
                "longer than %d lines".formatted(FILE_LINES),
                JAVA.stream().filter(file -> House.text(file).lines().count() > FILE_LINES));
    }

    @Test
    void linesAreShort() {
        assertThat(JAVA.stream().flatMap(file -> lines(file, TidyTest::isLong)))
                .as("longer than %d columns", LINE_COLUMNS)
                .isEmpty();
    }

    @Test
    void methodsAreShort() {
        assertThat(INSPECTIONS.stream().flatMap(each -> each.longMethods().stream())).isEmpty();
    }

    @Test
    void packagesAreSmall() {
        Map<Path, Long> types =
                JAVA.stream()
                        .filter(file -> House.isMain(file) && !isPackageInfo(file))
                        .collect(Collectors.groupingBy(Path::getParent, Collectors.counting()));
        assertNone(
                "packages of more than %d types".formatted(PACKAGE_TYPES),
                types.entrySet().stream()
                        .filter(each -> each.getValue() > PACKAGE_TYPES)
                        .map(Map.Entry::getKey));
    }

    @Test
    void everyPackageSaysWhatItIsAndIsNullMarked() {
        Set<String> marked =
                JAVA.stream()
                        .filter(TidyTest::isPackageInfo)
                        .filter(file -> House.text(file).contains("\n@NullMarked\n"))
                        .filter(file -> House.text(file).startsWith("/// "))
                        .map(TidyTest::packageOf)
                        .collect(Collectors.toSet());
        Set<String> used = JAVA.stream().map(TidyTest::packageOf).collect(Collectors.toSet());
        assertThat(used).as("have a package-info.java: `///`, then @NullMarked").isSubsetOf(marked);
    }

    @Test
    void bannedCodeIsNotUsed() {
        assertThat(INSPECTIONS.stream().flatMap(each -> each.banned().stream())).isEmpty();
    }

    @Test
    void oneFileAtMostTakesTheRealClock() {
        Set<String> files = new HashSet<>();
        INSPECTIONS.forEach(each -> files.addAll(each.systemClocks()));
        assertThat(files).as("others are given its InstantSource").hasSizeLessThanOrEqualTo(1);
    }

    @Test
    void sqlFilesNameTheirColumns() {
        assertNone(
                "select every column; name them",
                House.files(".sql").stream()
                        .filter(House::isMain)
                        .filter(file -> isBannedSql(House.name(file), House.text(file))));
    }

    @Test
    void nothingIsLeftForLater() {
        assertThat(
                        TEXT.stream()
                                .flatMap(suffix -> House.filesIfAny(suffix).stream())
                                .flatMap(file -> lines(file, line -> LATER.matcher(line).find())))
                .as("notes to oneself: do it, or write it into an issue")
                .isEmpty();
    }

    private static boolean isLong(String line) {
        return line.codePointCount(0, line.length()) > LINE_COLUMNS;
    }

    private static boolean isBannedSql(String name, String text) {
        return Banned.SQL.stream().anyMatch(rule -> rule.matches(name, text));
    }

    private static boolean isPackageInfo(Path file) {
        return file.endsWith("package-info.java");
    }

    /// Module and package: two modules may share a package's name, and each then explains its own.
    private static String packageOf(Path file) {
        Path folder = file.getParent();
        String name = House.name(folder == null ? file : folder);
        return name.replaceFirst("/src/(main|test)/java/", ": ").replace('/', '.');
    }

    private static Stream<String> lines(Path file, Predicate<String> wanted) {
        List<String> lines = House.text(file).lines().toList();
        List<String> found = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            if (wanted.test(lines.get(i))) {
                found.add(House.name(file) + ":" + (i + 1));
            }
        }
        return found.stream();
    }

    private static void assertNone(String what, Stream<Path> files) {
        assertThat(files.map(House::name)).as(what).isEmpty();
    }
}
