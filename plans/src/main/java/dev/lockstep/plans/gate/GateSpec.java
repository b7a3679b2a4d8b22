package dev.lockstep.plans.gate;

import dev.lockstep.plans.fault.Check;
import dev.lockstep.plans.sql.Secret;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How clients are held and moved during a switch.
public sealed interface GateSpec {
    /// Their writes wait for Lockstep's lock, and nobody moves them.
    record None() implements GateSpec {}

    /// They come through PgBouncers, all of which are paused and told of the other server.
    record PgBouncers(List<PgBouncer> all) implements GateSpec {
        public PgBouncers {
            all = List.copyOf(all);
            Check.that(!all.isEmpty(), "a gate of no PgBouncer");
        }
    }

    /// The operator's own commands and calls hold and move them.
    record Hooks(Map<Moment, Hook> hooks) implements GateSpec {
        public Hooks {
            hooks = Map.copyOf(hooks);
        }
    }

    /// One PgBouncer.
    ///
    /// @param config the file with the entry, or one that includes it
    /// @param database the entry in `[databases]` that clients connect to
    /// @param source where that entry leads while the source is active
    /// @param pauseMax how long to wait for transactions that are under way
    record PgBouncer(
            Console console,
            Path config,
            String database,
            Server source,
            Server target,
            Duration pauseMax) {
        @Override
        public String toString() {
            return "PgBouncer[%s, %s]".formatted(console.label(), database);
        }
    }

    /// An admin console, and who logs in there.
    record Console(String host, int port, String user, Secret password) {
        public String label() {
            return host + ":" + port;
        }
    }

    /// A database as a PgBouncer sees it.
    record Server(String host, int port, String database) {
        @Override
        public String toString() {
            return host + ":" + port + "/" + database;
        }
    }

    /// When a hook is called.
    enum Moment {
        /// Before writes are held.
        HOLD,
        /// When the other side accepts writes.
        MOVE,
        /// At the end.
        RELEASE
    }

    /// What is done at one moment.
    ///
    /// @param timeout how long it may take, and its undo
    /// @param undo takes back what the hook did, or began to do
    record Hook(Action action, Duration timeout, Optional<Action> undo) {}

    /// What a hook does. Its text form leaves out what may be a secret.
    sealed interface Action {
        /// A program and its arguments.
        record Command(List<String> words) implements Action {
            public Command {
                words = List.copyOf(words);
                Check.that(!words.isEmpty(), "a command of no words");
            }

            @Override
            public String toString() {
                return "command \"" + words.getFirst() + "\"";
            }
        }

        /// A POST.
        record Call(URI url, Map<String, Secret> headers) implements Action {
            public Call {
                headers = Map.copyOf(headers);
            }

            @Override
            public String toString() {
                String port = url.getPort() < 0 ? "" : ":" + url.getPort();
                return "call of \"%s://%s%s%s\""
                        .formatted(url.getScheme(), url.getHost(), port, url.getPath());
            }
        }
    }
}
