package dev.lockstep.orchestrator.pgbouncer;

import dev.lockstep.orchestrator.pgbouncer.IniEntry.Unfit;
import dev.lockstep.plans.gate.GateSpec.Server;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// The file of a PgBouncer that has the entry of a database, found as PgBouncer finds it: through
/// `%include`. It is replaced as a whole, by one that differs in the entry only.
///
/// @param file the file itself, no link to it
record ConfigFile(Path file, IniEntry entry) {
    private static final int DEPTH_MAX = 10;
    private static final String SUFFIX = ".lockstep";
    private static final Pattern INCLUDE = Pattern.compile("%include[ \\t]+(.*)");

    /// One walk through a file and what it includes.
    private static final class Search {
        private final String name;
        private final List<ConfigFile> found = new ArrayList<>();
        private String section = "";

        Search(String name) {
            this.name = name;
        }

        void read(Path file, int depth) throws IOException, Unfit {
            if (depth > DEPTH_MAX) {
                throw new Unfit("includes files more than %d deep".formatted(DEPTH_MAX));
            }
            // Bytes as they are, whatever the encoding.
            String text = Files.readString(file, StandardCharsets.ISO_8859_1);
            int start = 0;
            while (start < text.length()) {
                int next = text.indexOf('\n', start);
                int end = next < 0 ? text.length() : next;
                line(file, text, new int[] {start, end}, depth);
                start = end + 1;
            }
        }

        private void line(Path file, String text, int[] range, int depth)
                throws IOException, Unfit {
            String line = text.substring(range[0], range[1]).strip();
            var include = INCLUDE.matcher(line);
            if (include.matches()) {
                read(included(include.group(1).strip()), depth + 1);
            } else if (line.startsWith("[")) {
                section = line.substring(1, Math.max(1, line.indexOf(']')));
            } else if (section.equals("databases") && !line.startsWith(";")) {
                entry(file, text, range);
            }
        }

        private static Path included(String path) throws Unfit {
            try {
                Path file = Path.of(path);
                if (file.isAbsolute()) {
                    return file;
                }
            } catch (InvalidPathException e) {
                // As one that is not absolute.
            }
            throw new Unfit(
                    ("includes \"%s\", which PgBouncer seeks in the folder that it was started in;"
                                    + " give it an absolute path")
                            .formatted(path));
        }

        private void entry(Path file, String text, int[] range) throws IOException {
            String line = text.substring(range[0], range[1]);
            int equals = afterKey(line);
            if (equals < 0 || !key(line.substring(0, equals).strip()).equals(bytes(name))) {
                return;
            }
            int start = equals + 1;
            int end = line.stripTrailing().length();
            while (start < end && Character.isWhitespace(line.charAt(start))) {
                start++;
            }
            found.add(
                    new ConfigFile(
                            file.toRealPath(),
                            new IniEntry(
                                    name,
                                    text,
                                    range[0] + start,
                                    range[0] + Math.max(start, end))));
        }

        /// The `=` behind the name; one in a quoted name is a part of that.
        private static int afterKey(String line) {
            boolean quoted = false;
            for (int at = 0; at < line.length(); at++) {
                char c = line.charAt(at);
                quoted ^= c == '"';
                if (c == '=' && !quoted) {
                    return at;
                }
            }
            return -1;
        }

        private static String key(String written) {
            return written.startsWith("\"") && written.endsWith("\"") && written.length() > 1
                    ? written.substring(1, written.length() - 1).replace("\"\"", "\"")
                    : written;
        }
    }

    /// A text as it looks where bytes are taken for characters.
    private static String bytes(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    /// Finds the entry of database `name`.
    static ConfigFile find(Path config, String name) throws IOException, Unfit {
        Search search = new Search(name);
        search.read(config, 0);
        if (search.found.size() != 1) {
            throw new Unfit(
                    search.found.isEmpty()
                            ? "has no entry \"%s\" in [databases]".formatted(name)
                            : "has several entries \"%s\" in [databases]".formatted(name));
        }
        return search.found.getFirst();
    }

    Server server() throws Unfit {
        return entry.server();
    }

    /// Has the entry lead to `to`. Whoever reads the file sees the old one or the new one.
    void leadTo(Server to) throws IOException, Unfit {
        replace(entry.leadingTo(to));
    }

    /// Replaces the file by the same, to see whether it could be led to `to`. A process that died
    /// in the middle of that may have left a file beside it, with the passwords of this one.
    void rehearse(Server to) throws IOException, Unfit {
        try (DirectoryStream<Path> left =
                Files.newDirectoryStream(
                        file.resolveSibling(""),
                        path ->
                                path.getFileName().toString().startsWith("." + file.getFileName())
                                        && path.toString().endsWith(SUFFIX))) {
            for (Path each : left) {
                Files.deleteIfExists(each);
            }
        }
        if (!entry.leadingTo(to).isEmpty()) {
            replace(entry.text());
        }
    }

    private void replace(String text) throws IOException {
        Path folder = file.getParent();
        Path fresh = Files.createTempFile(folder, "." + file.getFileName(), SUFFIX);
        try {
            try (FileChannel out = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
                keepOwner(fresh);
                out.force(true);
            }
            requireSame();
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    /// What somebody has saved since it was read must not be lost.
    private void requireSame() throws IOException {
        if (!Files.readString(file, StandardCharsets.ISO_8859_1).equals(entry.text())) {
            throw new IOException(
                    "file \"%s\" was changed by somebody else meanwhile".formatted(file));
        }
    }

    private void keepOwner(Path fresh) throws IOException {
        PosixFileAttributeView old = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        PosixFileAttributeView made =
                Files.getFileAttributeView(fresh, PosixFileAttributeView.class);
        if (old == null || made == null) {
            return;
        }
        PosixFileAttributes wanted = old.readAttributes();
        PosixFileAttributes is = made.readAttributes();
        if (!is.owner().equals(wanted.owner())) {
            made.setOwner(wanted.owner());
        }
        if (!is.group().equals(wanted.group())) {
            made.setGroup(wanted.group());
        }
        made.setPermissions(wanted.permissions());
    }
}
