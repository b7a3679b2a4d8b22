package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.CompletableFuture;

/// What a command told: its exit code, what it printed, and what it said besides.
record Told(int exit, String out, String err) {
    /// Runs a command in this process.
    static Told by(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exit = Main.execute(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
        return new Told(exit, out.toString(), err.toString());
    }

    /// As [#by] in a thread of its own, for a test that looks at `err` meanwhile.
    static CompletableFuture<Told> running(StringWriter err, String... arguments) {
        return CompletableFuture.supplyAsync(
                () -> {
                    StringWriter out = new StringWriter();
                    int exit =
                            Main.execute(
                                    new PrintWriter(out, true),
                                    new PrintWriter(err, true),
                                    arguments);
                    return new Told(exit, out.toString(), err.toString());
                },
                work -> Thread.ofPlatform().start(work));
    }

    /// It did what it should, and returns what it printed.
    String done() {
        assertThat(exit).as("%s", this).isZero();
        return out.strip();
    }

    /// It was refused with `exitCode` in one paragraph that ends with `fault` and says all of
    /// `texts`.
    void refused(int exitCode, String fault, String... texts) {
        String told = err.strip();
        assertThat(exit).as("%s", this).isEqualTo(exitCode);
        assertThat(out).isEmpty();
        assertThat(told).startsWith("lockstep: ").endsWith("[" + fault + "]");
        assertThat(told).contains(texts);
        assertThat(told).doesNotContain("\n\n", "Exception", "\tat ", "java.");
        assertThat(told).doesNotContainPattern("\\bnull\\b");
    }
}
