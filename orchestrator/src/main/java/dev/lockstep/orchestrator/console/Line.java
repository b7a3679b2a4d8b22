package dev.lockstep.orchestrator.console;

import java.time.Instant;

/// One thing that goes on. After [#done] or [#failed] it says nothing more.
public final class Line {
    private final Console console;
    private Bar bar;

    Line(Console console, Bar bar) {
        this.console = console;
        this.bar = bar;
    }

    /// Tells how far it is. `total` 0 means that nobody knows; `detail` follows the numbers.
    public void update(long done, long total, String detail) {
        console.changed(() -> bar = bar.at(done, total, detail));
    }

    /// Tells how it is, where there is nothing to count.
    public void update(String detail) {
        console.changed(() -> bar = new Bar(bar.name(), bar.start(), -1, 0, 0, detail));
    }

    /// It ended well; `result` is what to remember of it.
    public void done(String result) {
        console.ended(this, Colour.GREEN, "done", result);
    }

    /// It ended where it had begun.
    public void undone() {
        console.ended(this, Colour.RED, "undone", "");
    }

    /// It ended badly.
    public void failed(String reason) {
        console.ended(this, Colour.RED, "failed", reason);
    }

    /// The console's to call, under its lock.
    Bar bar() {
        return bar;
    }

    String lastWords(String word, String text, Instant now) {
        String message = text.isEmpty() ? "" : ": " + text;
        return "%-14s %s in %s%s".formatted(bar.name(), word, bar.elapsed(now), message);
    }
}
