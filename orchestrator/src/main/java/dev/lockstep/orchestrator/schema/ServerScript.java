package dev.lockstep.orchestrator.schema;

import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import java.util.stream.Collectors;

/// Runs a text of many statements as one command, so that the server itself finds where each of
/// them ends, whatever quotes and function bodies they hold.
final class ServerScript {
    private ServerScript() {}

    static void run(Session session, String step, String sql) {
        String outer = unused(sql, "script");
        String inner = unused(sql, "text");
        try {
            session.run(
                    "DO LANGUAGE plpgsql %s BEGIN EXECUTE %s%s%s; END %s"
                            .formatted(outer, inner, sql, inner, outer));
        } catch (LockstepException e) {
            throw new LockstepException(
                    e.fault(),
                    "the schema copy failed on \"%s\" in its step \"%s\": %s; nothing of this step"
                                    .formatted(session.label(), step, reason(e))
                            + " was done. Remove the cause and start again, or abort",
                    e);
        }
    }

    /// The server's message without the script that it quotes below.
    private static String reason(LockstepException e) {
        String message = e.getCause() == null ? e.text() : "" + e.getCause().getMessage();
        return message.lines()
                .takeWhile(line -> !line.strip().startsWith("Where:"))
                .limit(3)
                .map(String::strip)
                .collect(Collectors.joining("; "));
    }

    /// A dollar quote that `text` does not hold.
    private static String unused(String text, String name) {
        String tag = "$" + name + "$";
        for (int i = 0; text.contains(tag); i++) {
            tag = "$" + name + i + "$";
        }
        return tag;
    }
}
