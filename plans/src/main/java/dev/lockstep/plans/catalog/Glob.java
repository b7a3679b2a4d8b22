package dev.lockstep.plans.catalog;

import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Patterns of names: `*` stands for any text, `?` for one character, all else for itself.
final class Glob {
    private Glob() {}

    static boolean matches(String glob, String name) {
        return pattern(glob).matcher(name).matches();
    }

    private static Pattern pattern(String glob) {
        String regex =
                glob.chars()
                        .mapToObj(c ->
                                switch (c) {
                                    case '*' -> ".*";
                                    case '?' -> ".";
                                    default -> Pattern.quote(Character.toString(c));
                                })
                        .collect(Collectors.joining());
        return Pattern.compile(regex, Pattern.DOTALL);
    }
}
