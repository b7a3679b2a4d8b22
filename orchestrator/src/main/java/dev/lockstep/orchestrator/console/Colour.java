package dev.lockstep.orchestrator.console;

/// The few colours that are used, where they are wanted.
enum Colour {
    RED("31"),
    GREEN("32"),
    CYAN("36");

    private final String code;

    Colour(String code) {
        this.code = code;
    }

    /// Colours the first place in `line` where `part` stands.
    String in(Screen screen, String line, String part) {
        int at = part.isEmpty() || !screen.colours() ? -1 : line.indexOf(part);
        if (at < 0) {
            return line;
        }
        String end = line.substring(at + part.length());
        return line.substring(0, at) + "\u001b[" + code + "m" + part + "\u001b[0m" + end;
    }
}
