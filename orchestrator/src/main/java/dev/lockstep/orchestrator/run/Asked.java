package dev.lockstep.orchestrator.run;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.orchestrator.run.RunState.InStep;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// What an operator asks of a run.
///
/// @param table `schema.name` of the only table to be verified; empty for all
/// @param by who asks, for the journal
public record Asked(String command, String table, Set<Option> options, String by) {
    /// How it is to be done.
    public enum Option {
        /// An aborted run leaves the target's rows where they are.
        KEEP_TARGET,
        /// What differs is copied again.
        REPAIR,
        /// Writes move although the sides differ.
        ACCEPT_DIFFERENCES
    }

    public Asked {
        options = Set.copyOf(options);
    }

    /// A command without more.
    public static Asked of(String command) {
        return new Asked(command, "", Set.of(), "");
    }

    /// As it was asked in a request.
    public static Asked of(String command, String arguments) {
        JsonNode tree = Json.tree(arguments);
        List<String> names = tree.path("options").valueStream().map(JsonNode::asText).toList();
        return new Asked(
                command,
                tree.path("table").asText(""),
                Arrays.stream(Option.values())
                        .filter(option -> names.contains(option.name()))
                        .collect(Collectors.toSet()),
                tree.path("by").asText(""));
    }

    /// What a request holds of it besides the command.
    public String arguments() {
        return Json.write(Map.of("table", table, "options", options, "by", by));
    }

    /// For a report: what was asked and by whom.
    public String want() {
        String who = by.isEmpty() ? "the run itself" : by;
        return command.isEmpty() ? who : "%s%s, by %s".formatted(command, told(), who);
    }

    private String told() {
        return Arrays.stream(Option.values())
                .filter(options::contains)
                .map(option -> " --" + option.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .collect(Collectors.joining());
    }

    public boolean has(Option option) {
        return options.contains(option);
    }

    /// What ends a run has to do so even where its changes are gone.
    public boolean needsStream() {
        return !isEnding();
    }

    /// Whether it has writes move.
    public boolean isSwitch() {
        return command.equals("cutover") || command.equals("rollback");
    }

    /// Whether it ends a run.
    public boolean isEnding() {
        return command.equals("complete") || command.equals("abort");
    }

    /// Whether a run in this state has what was asked for.
    public boolean isDone(RunState state) {
        return switch (command) {
            case "cutover" -> state instanceof InStep in && in.active() == Side.TARGET;
            case "rollback" -> state instanceof InStep in && in.active() == Side.SOURCE;
            case "complete" -> state instanceof RunState.Completed;
            case "abort" -> state instanceof RunState.Aborted;
            default -> false;
        };
    }
}
