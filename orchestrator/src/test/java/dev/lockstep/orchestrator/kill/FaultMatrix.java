package dev.lockstep.orchestrator.kill;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The table of what dies and when, as the guarantees have it.
final class FaultMatrix {
    private static final Path PAGE = Path.of("..", "docs", "guarantees.md");

    private FaultMatrix() {}

    /// Fails where something else came of a trouble than the page says.
    ///
    /// @param row the row's name
    /// @param outcomes what came of the trouble, by state or step
    static void check(String row, Map<String, String> outcomes) {
        List<String> points = cells(line("| what dies | expanding |"));
        List<String> told = cells(line("| `" + row + "`"));
        assertThat(told).as(row).hasSameSizeAs(points);
        outcomes.forEach((point, outcome) -> {
            int column = points.indexOf(point.replaceAll("/.*", ""));
            assertThat(column).as("column " + point).isPositive();
            assertThat(told.get(column)).as("%s at %s", row, point).contains(outcome);
        });
    }

    private static String line(String start) {
        try (Stream<String> lines = Files.lines(PAGE)) {
            return lines.filter(line -> line.startsWith(start)).findFirst().orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> cells(String line) {
        return Stream.of(line.split("\\|", -1)).skip(1).map(String::strip).toList();
    }
}
