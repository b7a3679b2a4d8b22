package dev.lockstep.orchestrator.gate;

import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.gate.GateSpec.Moment;
import dev.lockstep.plans.gate.GateSpec.Server;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Endpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// A switch as hooks are told of it. It holds no secret.
///
/// @param folder where commands are started
record Passage(String run, Path folder, Side from, Ends ends, Duration pauseMax) {

    /// Both databases, as the plan's URLs name them.
    record Ends(Server from, Server to) {}

    /// What a hook is called for.
    ///
    /// @param undo whether what the moment's hook did is to be taken back
    record Occasion(Moment moment, boolean undo) {
        String label() {
            return moment.name().toLowerCase(Locale.ROOT);
        }

        @Override
        public String toString() {
            return undo ? "undo of " + label() : label();
        }
    }

    static Passage of(Plan plan, Side from) {
        Server source = server(plan.source());
        Server target = server(plan.target());
        return new Passage(
                plan.name(),
                plan.folder(),
                from,
                from == Side.SOURCE ? new Ends(source, target) : new Ends(target, source),
                plan.cutover().maxPause());
    }

    private static Server server(Endpoint endpoint) {
        return new Server(endpoint.host(), endpoint.port(), endpoint.database());
    }

    /// What a command finds in its environment.
    Map<String, String> environment(Occasion occasion) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("LOCKSTEP_RUN", run);
        facts.put("LOCKSTEP_STEP", occasion.label());
        facts.put("LOCKSTEP_UNDO", Boolean.toString(occasion.undo()));
        facts.put("LOCKSTEP_MAX_PAUSE_MS", Long.toString(pauseMax.toMillis()));
        put(facts, "LOCKSTEP_FROM", from, ends.from());
        put(facts, "LOCKSTEP_TO", from.other(), ends.to());
        return facts;
    }

    private static void put(Map<String, String> facts, String name, Side side, Server server) {
        facts.put(name, side.label());
        facts.put(name + "_HOST", server.host());
        facts.put(name + "_PORT", Integer.toString(server.port()));
        facts.put(name + "_DATABASE", server.database());
    }

    /// What an HTTP call carries, to be written as JSON.
    Map<String, Object> body(Occasion occasion) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("run", run);
        facts.put("step", occasion.label());
        facts.put("undo", occasion.undo());
        facts.put("maxPauseMillis", pauseMax.toMillis());
        facts.put("from", end(from, ends.from()));
        facts.put("to", end(from.other(), ends.to()));
        return facts;
    }

    private static Map<String, Object> end(Side side, Server server) {
        Map<String, Object> end = new LinkedHashMap<>();
        end.put("side", side.label());
        end.put("host", server.host());
        end.put("port", server.port());
        end.put("database", server.database());
        return end;
    }
}
