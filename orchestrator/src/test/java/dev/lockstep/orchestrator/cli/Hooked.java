package dev.lockstep.orchestrator.cli;

import dev.lockstep.orchestrator.kill.HookedRun;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;

/// A run that switches, with work of a test's when it comes to a point, or says something, for the
/// first time.
final class Hooked implements HookedRun.Hook {
    private final Map<String, Runnable> at = new LinkedHashMap<>();
    private final Map<String, Runnable> when = new LinkedHashMap<>();
    private final List<String> said = new CopyOnWriteArrayList<>();

    Hooked at(String point, Runnable work) {
        at.put(point, work);
        return this;
    }

    Hooked whenSaid(String text, Runnable work) {
        when.put(text, work);
        return this;
    }

    /// Switches so often and completes the run.
    void switches(Move move, int switches) {
        switches(move, switches, Db::of);
    }

    /// @param connect makes the handles on the databases
    void switches(Move move, int switches, BiFunction<Endpoint, String, Db> connect) {
        new HookedRun(move.plan(), switches, "complete", this).work(connect);
    }

    List<String> said() {
        return List.copyOf(said);
    }

    /// Whether a switch was undone for that.
    boolean undone(String reason) {
        return said.stream().anyMatch(text -> text.contains("undone") && text.contains(reason));
    }

    @Override
    public void reached(String point) {
        Optional.ofNullable(at.remove(point)).ifPresent(Runnable::run);
    }

    @Override
    public boolean mayEnd() {
        return true;
    }

    @Override
    public void say(String text) {
        said.add(text);
        when.keySet().stream()
                .filter(text::contains)
                .findFirst()
                .map(when::remove)
                .ifPresent(Runnable::run);
    }
}
