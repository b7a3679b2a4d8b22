package dev.lockstep.plans.plan;

import java.util.List;

/// A plan file as a tree, each piece with the line that it starts on, counted from 1.
sealed interface Node {
    int line();

    /// What stands there, for people. Texts of secret keys must not be asked.
    String found();

    /// A text, number or truth value; all are taken as the text that stands in the file.
    ///
    /// @param value the text with its variables filled in
    /// @param written the text as the file has it
    record Text(String value, String written, int line) implements Node {
        private static final int SHOWN_MAX = 60;

        /// In quotes. What a variable stands for is not shown: it may be a secret in a wrong place.
        @Override
        public String found() {
            String shown = written.replaceAll("\\p{Cntrl}+", " ");
            if (shown.length() > SHOWN_MAX) {
                shown = shown.substring(0, SHOWN_MAX) + "...";
            }
            String hint = written.equals(value) ? "" : " (its value is not shown)";
            return '"' + shown + '"' + hint;
        }

        /// Without the text, which may be a secret.
        @Override
        public String toString() {
            return "Text[line=" + line + "]";
        }
    }

    /// A text whose variables have no value, which is reported already.
    record Unresolved(int line) implements Node {
        @Override
        public String found() {
            return "a variable without a value";
        }
    }

    /// A key with nothing behind it.
    record Nothing(int line) implements Node {
        @Override
        public String found() {
            return "empty";
        }
    }

    record Items(List<Node> items, int line) implements Node {
        @Override
        public String found() {
            return "a list";
        }
    }

    /// Keys and values in the file's order; a key that stands there twice is in here twice.
    record Fields(List<Field> fields, int line) implements Node {
        @Override
        public String found() {
            return "a group of keys";
        }
    }

    record Field(String key, int line, Node value) {}
}
